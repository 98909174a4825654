""" "Poll now": asks for a poll of one org or of all, and follows it as an operation.

Asking is one UPDATE of `next_poll_at`: the ticks do the rest. So a poll asked for skips an org's backoff; it does not
skip the budget of its daily API calls, nor a refused login.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import DurationField, F, Func, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import Team
from apps.operations import running
from apps.operations.models import Operation
from apps.operations.running import Step
from apps.orgs import standing
from apps.orgs.enrolment import SPARED
from apps.orgs.holding import hold
from apps.orgs.models import ScratchOrg

GIVE_UP_AFTER = timedelta(minutes=15)
_LAST_POLL = Func(
    F("last_poll_seconds"), template="make_interval(secs => %(expressions)s)", output_field=DurationField()
)


def start_poll(team: Team, org: ScratchOrg | None, started_by: str) -> Operation:
    """An operation that ends when each org has been polled since now; the running one if there is one."""
    arguments = {"scratch_org": org.pk} if org else {}
    with transaction.atomic():
        orgs = _watched(team.pk, org.pk if org else None)
        spared = orgs.filter(SPARED)
        left_out = spared.count()
        total = orgs.count() - left_out
        operation = running.start(
            team=team, kind="poll", arguments=arguments, total=total, phase="polling", started_by=started_by
        )
        due = orgs.exclude(pk__in=spared).filter(
            Q(last_attempted_at=None) | Q(last_attempted_at__lt=operation.created_at)
        )
        ScratchOrg.objects.filter(pk__in=hold(due)).update(next_poll_at=Now())
        operation.message = _left_out(left_out, team, org)
        operation.save(update_fields=["message"])
    return operation


def advance(operation: Operation) -> Step:
    """How many orgs have been attempted since the operation began, or are gone since."""
    orgs = _watched(operation.team_id, operation.arguments.get("scratch_org"))
    # An org under way counts until the first attempt since then has ended: in a large team some org always is.
    waiting = (
        orgs.alias(last_ended_began_at=F("updated_at") - _LAST_POLL)
        .exclude(SPARED)
        .filter(
            Q(last_attempted_at=None)
            | Q(last_attempted_at__lt=operation.created_at)
            | Q(lease_taken=True, lease_until__gt=Now(), last_ended_began_at__lt=operation.created_at)
        )
        .filter(created_at__lte=operation.created_at)
        .count()
    )
    current = max(0, operation.total - waiting)
    if waiting == 0:
        return Step(operation.total, _sentence(operation.total, operation.message), "done", done=True)
    if timezone.now() - operation.created_at > GIVE_UP_AFTER:
        return Step(current, f"{waiting} not reached within 15 minutes", "done", done=True)
    return Step(current, operation.message, "polling")


def _watched(team_id: int, org_id: int | None) -> QuerySet[ScratchOrg]:
    orgs = ScratchOrg.objects.filter(team_id=team_id, watched=True, dev_hub__active=True)
    return orgs.filter(pk=org_id) if org_id else orgs


def _left_out(spared: int, team: Team, org: ScratchOrg | None) -> str:
    """Who is not polled and why, for people; empty where everybody is."""
    parts = [f"{spared} left out: 95 % of the day's API calls are used"] if spared else []
    if org is not None:
        stands = standing.of_org(org)
        idle = not org.watched or not org.dev_hub.active
        return "; ".join(parts + ([f"left out: {stands.why}"] if idle else []))
    refused = ScratchOrg.objects.filter(team=team, unwatched_reason=ScratchOrg.Unwatched.LOGIN_REFUSED).count()
    return "; ".join(parts + ([f"{refused} left out: the login was refused"] if refused else []))


def _sentence(total: int, left_out: str) -> str:
    polled = f"{total} org{'' if total == 1 else 's'} polled"
    return f"{polled}; {left_out}" if left_out else polled
