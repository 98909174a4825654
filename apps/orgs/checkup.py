"""What `manage.py doctor` finds: is everything there that watching needs, and what is the next step if not?"""

from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.db.models import Count, F, Q

from apps.accounts.models import Team
from apps.core import crypto, queue
from apps.core.errors import ScratcherError
from apps.orgs import access, devhubs, rotation
from apps.orgs.coverage import Coverage, coverage
from apps.orgs.models import DevHub, ScratchOrg
from apps.orgs.standing import GIVE_VIEW_ALL, WHAT_TO_DO
from apps.salesforce.errors import SfCliError

GOOD: Literal["good"] = "good"
ODD: Literal["odd"] = "odd"
BAD: Literal["bad"] = "bad"


@dataclass(frozen=True)
class Finding:
    mark: Literal["good", "odd", "bad"]
    what: str
    how: str
    next_step: str = ""


def whole() -> list[Finding]:
    """Workers, keys, the sf CLI, and each DevHub."""
    findings = [_workers(), *_keys(), *_sf_cli()]
    hubs = list(DevHub.objects.select_related("team").order_by("team__name", "name"))
    if not hubs:
        findings.append(Finding(BAD, "DevHubs", "none yet", "manage.py add_devhub --help"))
    for hub in hubs:
        findings += _hub(hub)
    return findings


def orgs_by_team() -> list[tuple[str, str, list[Finding]]]:
    """(team, summary, what is wrong with which org) of each team that has orgs."""
    told = [(team.name, coverage(team)) for team in Team.objects.order_by("name")]
    return [(name, each.summary, _orgs(each)) for name, each in told if each.active]


def _workers() -> Finding:
    names = queue.workers_alive()
    if names:
        return Finding(GOOD, "Workers", f"{len(names)} alive")
    return Finding(BAD, "Workers", "none answers", "Start manage.py up, or look whether Redis is up (REDIS_URL).")


def _keys() -> list[Finding]:
    ring, current = crypto.keyring(settings.ENCRYPTION_KEYS), crypto.current_key_id()
    findings = []
    for key_id, count in sorted(rotation.counts_by_key().items()):
        what = f"Encryption key {key_id}"
        if key_id not in ring:
            next_step = "Put it back into ENCRYPTION_KEYS, or enrol those orgs again."
            findings.append(Finding(BAD, what, f"missing; {count} secrets need it", next_step))
        elif key_id != current:
            findings.append(Finding(ODD, what, f"old; {count} secrets still need it", "manage.py rotate_keys"))
        else:
            findings.append(Finding(GOOD, what, f"{count} secrets"))
    return findings or [Finding(GOOD, f"Encryption key {current}", "no secrets yet")]


def _sf_cli() -> list[Finding]:
    """As it answers here: a worker on another machine has its own."""
    cli = access.sf_cli()
    if cli is None:
        return []
    try:
        with access.transport().deadline() as deadline:
            usernames = cli.usernames(deadline)
    except SfCliError as error:
        return [Finding(BAD, "sf CLI", str(error), WHAT_TO_DO[error.code])]
    return [Finding(GOOD, "sf CLI", f"holds {len(usernames)} logins on this machine")]


def _hub(hub: DevHub) -> list[Finding]:
    """Logs in to the hub and looks around."""
    what = f"{hub.name} ({hub.org_id})"
    if not hub.active:
        return [Finding(ODD, what, "switched off", "Switch it on in the admin.")]
    try:
        probe = devhubs.check(hub)
    except ScratcherError as error:
        next_step = "Mend what it says; other credentials: manage.py add_devhub --update " + hub.org_id
        return [Finding(BAD, what, str(error), next_step)]
    calls = f"; {probe.usage.used} of {probe.usage.max} API calls used today" if probe.usage else ""
    findings = [Finding(GOOD, what, f"login as {hub.username} works{calls}")]
    if not probe.can_view_all:
        how = "the user lacks View All: other people's orgs may be missing"
        findings.append(Finding(ODD, f"{hub.name}: View All", how, GIVE_VIEW_ALL))
    return [*findings, _entrances(hub)]


def _entrances(hub: DevHub) -> Finding:
    """How many of the hub's orgs our connected app can enter, and the other credentials."""
    by_app = Q(connected_app=F("dev_hub__client_id"))
    counts = ScratchOrg.objects.filter(dev_hub=hub, status=ScratchOrg.Status.ACTIVE).aggregate(
        every=Count("pk"),
        by_app=Count("pk", by_app),
        by_token=Count("pk", ~by_app & ~Q(refresh_token="")),
        by_cli=Count("pk", ~by_app & Q(refresh_token="", known_to_sf_cli=True)),
    )
    closed = counts["every"] - counts["by_app"] - counts["by_token"] - counts["by_cli"]
    how = (
        f"of {counts['every']} active orgs our connected app can enter {counts['by_app']}; "
        f"{counts['by_token']} by a stored refresh token, {counts['by_cli']} by the sf CLI, {closed} not at all"
    )
    if not counts["every"]:
        return Finding(ODD, f"{hub.name}: orgs", "none known", "Wait a minute, or run manage.py sync_devhub.")
    if not closed:
        return Finding(GOOD, f"{hub.name}: orgs", how)
    next_step = "Enrol those, or create scratch orgs after a login with the hub's own app (sf org login jwt)."
    return Finding(ODD, f"{hub.name}: orgs", how, next_step)


def _orgs(told: Coverage) -> list[Finding]:
    return [
        Finding(
            ODD if org.standing.watched or org.standing.reason == "waiting" else BAD,
            f"{org.name or org.username} ({org.org_id})",
            org.standing.why,
            org.standing.what_to_do,
        )
        for org in told.orgs
    ]
