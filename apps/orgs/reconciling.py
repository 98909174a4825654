"""The rows of a hub's scratch orgs follow what one reading of the hub told. Bulk statements only, whatever the count.

An org that the hub lists is active, and watched as soon as a credential may enter it. One that the hub no longer lists
ends only when its ScratchOrgInfo is Deleted or its date is past; otherwise it stays watched, marked as not visible.
Somebody's "stop watching", and a refused login, outlast every sync.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import structlog
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Now

from apps.orgs import access
from apps.orgs.holding import hold
from apps.orgs.models import DevHub, ScratchOrg
from apps.salesforce.auth import sfdx_url
from apps.salesforce.errors import HostNotAllowed
from apps.salesforce.records import ActiveScratchOrg, ApiUsage, ScratchOrgInfo

DOUBT_ABOVE_ORGS = 5
DOUBT_ABOVE_SHARE = 0.3
BATCH = 1000

Status = ScratchOrg.Status
Unwatched = ScratchOrg.Unwatched

# What only a sync writes.
TOLD_BY_HUB = (
    "org_name", "username", "description", "status", "created_date", "expiration_date", "edition", "features",
    "connected_app", "signup_email", "owner_name", "owner_username", "visible_to_hub", "instance_url",
    "known_to_sf_cli",
)  # fmt: skip
_LONGEST = {column.name: column.max_length for column in ScratchOrg._meta.fields}
REFRESH_FIELDS = ("refresh_token", "refresh_client_id", "refresh_client_secret", "refresh_login_url")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Listing:
    """What one reading of a hub told. `vanished`: the infos, as far as the hub shows them, of active orgs that it no
    longer lists, by org id; `read_at`: Salesforce's time. `cli_usernames`: whose logins the sf CLI of this machine
    holds; None if it could not tell, for the reason of `cli_error`, or if there is none: then it stays as it was."""

    orgs: list[ActiveScratchOrg]
    vanished: dict[str, ScratchOrgInfo]
    can_view_all: bool
    usage: ApiUsage | None
    read_at: datetime
    cli_usernames: frozenset[str] | None
    cli_error: str


@dataclass
class Outcome:
    """`found`: new, or back again; `doubted`: would end now, but wait for a second sync."""

    found: list[ScratchOrg] = field(default_factory=list)
    ended: list[ScratchOrg] = field(default_factory=list)
    doubted: list[ScratchOrg] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {"found": len(self.found), "ended": len(self.ended), "doubted": len(self.doubted)}


def reconcile(hub: DevHub, listing: Listing) -> Outcome:
    """Writes what `listing` changes; for the caller's transaction. Rows that stay as they are hold nobody up."""
    listed = {org.org_id: org for org in listing.orgs}
    related = Q(status=Status.ACTIVE) | Q(org_id__in=listed)
    known = _by_org_id(hub, ScratchOrg.objects.filter(related, dev_hub=hub))
    active_count = len(known)
    fresh = [org for org_id, org in listed.items() if org_id not in known]
    outcome = Outcome(found=_add(hub, fresh, listing.cli_usernames))
    differing = [row.pk for row in known.values() if _differs(row, listed.get(row.org_id), listing.cli_usernames)]
    held = hold(ScratchOrg.objects.filter(pk__in=differing))
    rows = _by_org_id(hub, ScratchOrg.objects.filter(pk__in=held))  # again: somebody may have written them meanwhile
    outcome.found += _update([(row, listed[row.org_id]) for row in rows.values() if row.org_id in listed], listing)
    vanished = [row for row in rows.values() if row.org_id not in listed]
    _settle_vanished(hub, vanished, active_count, listing, outcome)
    return outcome


def _by_org_id(hub: DevHub, rows: QuerySet[ScratchOrg]) -> dict[str, ScratchOrg]:
    by_org_id = {row.org_id: row for row in rows}
    for row in by_org_id.values():
        row.dev_hub = hub
    return by_org_id


def _differs(row: ScratchOrg, org: ActiveScratchOrg | None, cli_usernames: frozenset[str] | None) -> bool:
    """Whether there may be something to write; puts on the row, which is of no other use, what the hub told."""
    if org is None:
        return True
    before = (row.credential, row.watched, row.unwatched_reason)
    brings_auth_url = not row.refresh_token and org.info is not None and bool(org.info.sfdx_auth_url)
    return _set(row, _told(row, org, cli_usernames)) or brings_auth_url or _decision(row) != before


def _add(hub: DevHub, orgs: list[ActiveScratchOrg], cli_usernames: frozenset[str] | None) -> list[ScratchOrg]:
    rows = []
    for org in orgs:
        row = ScratchOrg(team_id=hub.team_id, dev_hub=hub, org_id=org.org_id, next_poll_at=Now())
        _set(row, _told(row, org, cli_usernames))
        rows.append(row)
    ScratchOrg.objects.bulk_create(rows, batch_size=BATCH)
    # A secret is bound to its row's id, so it comes after the row.
    enrolled = [row for row, org in zip(rows, orgs, strict=True) if _take_auth_url(row, org.info)]
    ScratchOrg.objects.bulk_update(enrolled, REFRESH_FIELDS, batch_size=BATCH)
    _decide(rows)
    return rows


def _update(pairs: list[tuple[ScratchOrg, ActiveScratchOrg]], listing: Listing) -> list[ScratchOrg]:
    """Writes the rows that differ from what the hub says; returns those that had ended and are back."""
    changed, back = [], []
    for row, org in pairs:
        if row.status != Status.ACTIVE:
            back.append(row)
        was_known_to_sf_cli = row.known_to_sf_cli
        if _set(row, _told(row, org, listing.cli_usernames)):
            changed.append(row)
        if not row.refresh_token and _take_auth_url(row, org.info):
            _keep_auth_url(row)
        elif row.known_to_sf_cli and not was_known_to_sf_cli:
            _forgive_refusal(row)
    ScratchOrg.objects.bulk_update(changed, TOLD_BY_HUB, batch_size=BATCH)
    _decide([row for row, _org in pairs])
    return back


def _told(row: ScratchOrg, org: ActiveScratchOrg, cli_usernames: frozenset[str] | None) -> dict[str, Any]:
    """The values of TOLD_BY_HUB; without an info, those that it would tell are left as they are."""
    told: dict[str, Any] = {
        "org_name": org.org_name or "",
        "username": org.signup_username or "",
        "description": org.description or "",
        "expiration_date": org.expiration_date,
        "edition": org.edition or "",
        "features": org.features or "",
        "status": Status.ACTIVE,
        "visible_to_hub": True,
    }
    if cli_usernames is not None:
        told["known_to_sf_cli"] = org.signup_username in cli_usernames
    if org.info is not None:
        told |= {
            "created_date": org.info.created_date,
            "connected_app": org.info.connected_app_consumer_key or "",
            "signup_email": org.signup_email or org.info.signup_email or "",
            "owner_name": org.info.created_by_name or "",
            "owner_username": org.info.created_by_username or "",
        }
        if not row.access_token:  # a login's answer knows better
            told["instance_url"] = _allowed(org.info.login_url)
    return told


def _allowed(url: str | None) -> str:
    """The URL without its closing slash, or nothing where SALESFORCE_HOSTS forbids to send a login there."""
    if not url:
        return ""
    try:
        access.transport().check_host(url)
    except HostNotAllowed:
        return ""
    return url.rstrip("/")


def _set(row: ScratchOrg, values: dict[str, Any]) -> bool:
    """Sets what differs, cut to what the column holds; says whether anything did."""
    differs = False
    for name, value in values.items():
        fitting = value[: _LONGEST[name]] if isinstance(value, str) else value
        if getattr(row, name) != fitting:
            setattr(row, name, fitting)
            differs = True
    return differs


def _take_auth_url(row: ScratchOrg, info: ScratchOrgInfo | None) -> bool:
    """Puts a pool's SfdxAuthUrl__c on the row, sealed; False if there is none that could be used."""
    if info is None or not info.sfdx_auth_url:
        return False
    try:
        parsed = sfdx_url.parse(info.sfdx_auth_url)
        access.transport().check_host(parsed.instance_url)
    except (ValueError, HostNotAllowed) as error:
        log.info("sfdx_auth_url_unusable", org_id=row.org_id, error=str(error))
        return False
    row.refresh_token = access.seal(row, "refresh_token", parsed.refresh_token)
    row.refresh_client_secret = access.seal(row, "refresh_client_secret", parsed.client_secret)
    row.refresh_client_id, row.refresh_login_url = parsed.client_id, parsed.instance_url
    return True


def _keep_auth_url(row: ScratchOrg) -> None:
    """At most once in an org's life; whoever enrolled the org meanwhile is not overwritten."""
    values = {name: getattr(row, name) for name in REFRESH_FIELDS}
    ScratchOrg.objects.filter(pk=row.pk, refresh_token="").update(**values)
    _forgive_refusal(row)


def _forgive_refusal(row: ScratchOrg) -> None:
    """There is a new credential: a refused login of before no longer keeps the org from being watched."""
    if row.unwatched_reason == Unwatched.LOGIN_REFUSED:
        ScratchOrg.objects.filter(pk=row.pk, unwatched_reason=Unwatched.LOGIN_REFUSED).update(
            unwatched_reason=Unwatched.NOT_ENROLLED
        )
        row.unwatched_reason = Unwatched.NOT_ENROLLED


def _decide(rows: Iterable[ScratchOrg]) -> None:
    """Whether each listed org is watched, by what, or why not: one statement for each kind of decision.

    What somebody decided since the row was read stands (the reason is compared again).
    """
    decisions: dict[tuple[str, str, bool, str], list[int]] = defaultdict(list)
    for row in rows:
        before = (row.credential, row.watched, row.unwatched_reason)
        after = _decision(row)
        if after != before:
            decisions[(row.unwatched_reason, *after)].append(row.pk)
    for (reason_before, credential, watched, reason), pks in decisions.items():
        polled_at_once: dict[str, Any] = {"next_poll_at": Now(), "consecutive_failures": 0} if watched else {}
        ScratchOrg.objects.filter(pk__in=pks, unwatched_reason=reason_before).update(
            credential=credential, watched=watched, unwatched_reason=reason, **polled_at_once
        )


def _decision(row: ScratchOrg) -> tuple[str, bool, str]:
    """Credential, watched, and why not."""
    credentials = access.chain(row)
    credential = str(credentials[0]) if credentials else ""
    if row.unwatched_reason in {Unwatched.STOPPED, Unwatched.LOGIN_REFUSED}:
        return credential, False, row.unwatched_reason
    if not credentials:
        return "", False, Unwatched.NOT_ENROLLED
    return credential, True, ""


def _settle_vanished(
    hub: DevHub, vanished: list[ScratchOrg], active_count: int, listing: Listing, outcome: Outcome
) -> None:
    """Ends those that are over, unless they are too many at once; the others stay, marked as not visible."""
    today = listing.read_at.date()
    over = [row for row in vanished if _fate(row, listing.vanished.get(row.org_id), today)]
    doubted_before = set(hub.doubted_endings)
    fresh = [row for row in over if row.org_id not in doubted_before]
    if len(fresh) > DOUBT_ABOVE_ORGS and len(fresh) > DOUBT_ABOVE_SHARE * active_count:
        outcome.doubted = fresh
        over = [row for row in over if row.org_id in doubted_before]
    doubted_now = [row.org_id for row in outcome.doubted]
    if doubted_now != hub.doubted_endings:
        DevHub.objects.filter(pk=hub.pk).update(doubted_endings=doubted_now)
    for row in over:
        row.status = _fate(row, listing.vanished.get(row.org_id), today) or row.status
    for status in (Status.DELETED, Status.EXPIRED):
        _end([row.pk for row in over if row.status == status], status)
    outcome.ended = over
    hidden = [row.pk for row in vanished if row.status == Status.ACTIVE and row.visible_to_hub]
    ScratchOrg.objects.filter(pk__in=hidden).update(visible_to_hub=False)


def _fate(row: ScratchOrg, info: ScratchOrgInfo | None, today: date) -> Status | None:
    """How a vanished org ended; None if nothing says that it did.

    An org expires in the course of its last day. Where the hub's user may not see the info, only a day that is wholly
    past is proof.
    """
    last_day = (info.expiration_date if info else None) or row.expiration_date
    if info is None:
        return Status.EXPIRED if last_day and last_day < today else None
    if last_day and last_day <= today:
        return Status.EXPIRED
    return Status.DELETED if info.status == "Deleted" else None


def _end(pks: list[int], status: Status) -> None:
    ScratchOrg.objects.filter(pk__in=pks).update(
        status=status,
        watched=False,
        visible_to_hub=False,
        unwatched_reason=Case(
            When(unwatched_reason=Unwatched.STOPPED, then=F("unwatched_reason")), default=Value(Unwatched.ENDED)
        ),
    )
