"""Which scratch orgs there are: the DevHub's list is read, and the rows follow it.

    claim_due        hubs whose list is to be read, one message each
    sync_dev_hub     take the hub → read (network) → store (one transaction, under the lease)

A sync that fails keeps everything. Only a sync ends an org, and only when ScratchOrgInfo says that it is over; one
that would end many orgs at once needs a second sync to agree.
"""

import time
import zlib
from datetime import timedelta
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, F, Func, Value
from django.db.models.functions import Now

from apps.core import claims, events
from apps.core.errors import ScratcherError
from apps.orgs import access, reconciling
from apps.orgs.models import DevHub, ScratchOrg
from apps.orgs.reconciling import Listing, Outcome
from apps.salesforce.errors import LoginRefused, SalesforceError, SfCliError

HUBS_PER_TICK = 20
SF_CLI_SECONDS = 30
LEASE_SECONDS = access.SYNC_SECONDS + SF_CLI_SECONDS + 60
ORGS_NAMED_IN_EVENT = 100

log = structlog.get_logger(__name__)


class Unexpected(ScratcherError):
    """A fault of ours, or an answer that nobody thought of; the traceback is in the log."""

    code = "unexpected"


def claim_due() -> list[tuple[int, str]]:
    """Leases the hubs whose list is due; (id, lease token) of each."""
    return claims.claim_due(DevHub, HUBS_PER_TICK)


def sync_dev_hub(hub_id: int, lease_token: str) -> None:
    """Afterwards the hub's orgs stand as Salesforce listed them, or the hub's row says why not.

    A message that came twice or late finds nothing to do. Expected errors end on the hub's row; the unexpected ones do
    too, and are raised again.
    """
    hub = claims.take(DevHub, hub_id, lease_token, LEASE_SECONDS)
    if hub is None:
        return
    if not hub.active:
        claims.finish(hub, due_at=_next_phase_point(hub))
        return
    began = time.monotonic()
    try:
        outcome = _store(hub, _read(hub))
    except (SalesforceError, ScratcherError) as error:
        _fail(hub, error)
        log.info("sync_failed", dev_hub=hub.org_id, code=error.code, error=str(error), ms=_milliseconds(began))
    except Exception:
        _fail(hub, Unexpected("something unexpected happened; the log of the worker has it"))
        raise
    else:
        counts = outcome.counts() if outcome else {}
        log.info("sync_finished", dev_hub=hub.org_id, late=outcome is None, ms=_milliseconds(began), **counts)


def sync_here(hub: DevHub) -> None:
    """Syncs in this process, now; `hub` is read again. Takes the lease from a worker that syncs meanwhile, whose
    result is dropped then."""
    token = uuid4()
    DevHub.objects.filter(pk=hub.pk).update(
        lease_token=token, lease_until=Now() + timedelta(seconds=claims.QUEUE_LEASE_SECONDS)
    )
    sync_dev_hub(hub.pk, str(token))
    hub.refresh_from_db()


def _read(hub: DevHub) -> Listing:
    """What the hub says. No transaction, and no database connection, waits meanwhile."""
    known = ScratchOrg.objects.filter(dev_hub=hub, status=ScratchOrg.Status.ACTIVE)
    known_ids = set(known.values_list("org_id", flat=True))
    cli_usernames, cli_error = _ask_sf_cli()
    with access.hub_client(hub) as client:
        orgs = client.active_scratch_orgs()
        vanished = known_ids - {org.org_id for org in orgs}
        return Listing(
            orgs=orgs,
            vanished={info.org_id: info for info in client.scratch_org_infos(vanished)} if vanished else {},
            can_view_all=client.can_view_all(),
            usage=client.usage,
            read_at=client.answered_at,
            cli_usernames=cli_usernames,
            cli_error=cli_error,
        )


def _ask_sf_cli() -> tuple[frozenset[str] | None, str]:
    """Whose logins the sf CLI of this machine holds; None and an error's code if it could not tell.

    None, too, where there is no CLI: another machine's, which the workers use, may hold some. If none is left anywhere,
    the polls that need one say so.
    """
    cli = access.sf_cli()
    if cli is None:
        return None, ""
    access.give_connection_back()
    try:
        with access.transport().deadline(SF_CLI_SECONDS) as deadline:
            return cli.usernames(deadline), ""
    except SfCliError as error:
        log.warning("sf_cli_failed", code=error.code, error=str(error))
        return None, error.code


def _store(hub: DevHub, listing: Listing) -> Outcome | None:
    """One transaction, under the lease; None if the lease is somebody else's by now: then nothing is written."""
    usage = listing.usage
    with transaction.atomic():
        mine = claims.finish(
            hub,
            due_at=_next_phase_point(hub),
            last_synced_at=Now(),
            consecutive_failures=0,
            last_error_code="",
            last_error="",
            can_view_all=listing.can_view_all,
            sf_cli_error=listing.cli_error,
            api_used=usage.used if usage else None,
            api_max=usage.max if usage else None,
        )
        if not mine:
            return None
        outcome = reconciling.reconcile(hub, listing)
        _tell(hub, outcome)
    return outcome


def _tell(hub: DevHub, outcome: Outcome) -> None:
    """One event of a kind for a sync, however many orgs it is about."""
    if outcome.found:
        _record(hub, events.Kind.ORG_FOUND, f"{_count(outcome.found)} found in {hub.name}", outcome.found)
    if outcome.ended:
        _record(hub, events.Kind.ORG_ENDED, f"{_count(outcome.ended)} of {hub.name} ended", outcome.ended)
    if outcome.doubted:
        title = f"{_count(outcome.doubted)} vanished from {hub.name} at once: the next sync decides"
        _record(hub, events.Kind.SYNC_DOUBTED, title, outcome.doubted)


def _record(hub: DevHub, kind: events.Kind, title: str, orgs: list[ScratchOrg]) -> None:
    named = [
        {"scratch_org": org.pk, "org_id": org.org_id, "username": org.username, "status": org.status}
        for org in orgs[:ORGS_NAMED_IN_EVENT]
    ]
    events.record(
        team_id=hub.team_id,
        kind=kind,
        title=title,
        link=f"/orgs/{orgs[0].org_id}" if len(orgs) == 1 else "/orgs",
        data={"dev_hub": hub.pk, "count": len(orgs), "orgs": named},
    )


def _count(orgs: list[ScratchOrg]) -> str:
    return orgs[0].org_name or orgs[0].username if len(orgs) == 1 else f"{len(orgs)} scratch orgs"


def _fail(hub: DevHub, error: SalesforceError | ScratcherError) -> None:
    """Known orgs stay as they are. The next try comes after a backoff, or when Salesforce said (Retry-After)."""
    refused_anew = isinstance(error, LoginRefused) and hub.last_error_code != error.code
    with transaction.atomic():
        mine = claims.finish(
            hub,
            due_at=Now() + timedelta(seconds=_wait_seconds(hub, error)),
            consecutive_failures=F("consecutive_failures") + 1,
            last_error_code=error.code,
            last_error=str(error)[:500],
        )
        if mine and refused_anew:
            events.record(
                team_id=hub.team_id,
                kind=events.Kind.LOGIN_REFUSED,
                title=f"Login refused: {hub.name}",
                data={"dev_hub": hub.pk, "org_id": hub.org_id, "error": str(error)[:500]},
            )


def _wait_seconds(hub: DevHub, error: SalesforceError | ScratcherError) -> float:
    asked: int | None = getattr(error, "retry_after_seconds", None)
    if asked is not None:
        return asked
    return claims.backoff_seconds(settings.SYNC_INTERVAL_SECONDS, hub.consecutive_failures)


def _next_phase_point(hub: DevHub) -> Func:
    """The hub's own point of the interval, by the database's clock: hubs neither bunch up nor drift."""
    return Func(
        Value(settings.SYNC_INTERVAL_SECONDS),
        Value(zlib.crc32(hub.org_id.encode()) / 2**32),
        template="(SELECT to_timestamp((floor(extract(epoch FROM now())::float8 / every - phase) + 1 + phase) * every)"
        " FROM (VALUES (%(expressions)s)) AS pace(every, phase))",
        output_field=DateTimeField(),
    )


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
