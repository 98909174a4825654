"""An org's health in one word, the same in SQL and in Python; `apps.orgs.standing` says it in sentences.

ok: its last poll succeeded. waiting: for its first poll. failing: its last poll failed. unwatched: nobody polls it.
ended: deleted or expired.

A hub is silent when a poll has been due for an interval, and none has ended meanwhile: nobody works.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Case, CharField, DurationField, F, Func, Max, Min, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest, Now

from apps.orgs.access import POLL_LEASE_SECONDS
from apps.orgs.models import DevHub, ScratchOrg

OK, WAITING, FAILING, UNWATCHED, ENDED = "ok", "waiting", "failing", "unwatched", "ended"
ALL = (OK, WAITING, FAILING, UNWATCHED, ENDED)

HEALTH = Case(
    When(~Q(status=ScratchOrg.Status.ACTIVE), then=Value(ENDED)),
    When(Q(watched=False) | Q(dev_hub__active=False), then=Value(UNWATCHED)),
    When(consecutive_failures__gt=0, then=Value(FAILING)),
    When(last_polled_at=None, then=Value(WAITING)),
    default=Value(OK),
    output_field=CharField(),
)


def health_of(org: ScratchOrg) -> str:
    """`org.dev_hub` is read."""
    if org.status != ScratchOrg.Status.ACTIVE:
        return ENDED
    if not org.watched or not org.dev_hub.active:
        return UNWATCHED
    if org.consecutive_failures:
        return FAILING
    return WAITING if org.last_polled_at is None else OK


def with_silence(hubs: QuerySet[DevHub]) -> QuerySet[DevHub]:
    """Each with `silent_since`: when the last poll of a watched org ended, if the hub is silent; else None."""
    watched = Q(scratch_orgs__watched=True)
    attempted = watched & Q(scratch_orgs__last_attempted_at__isnull=False)  # not those that a sync has just added
    seconds = Coalesce(F("poll_interval_minutes") * 60, Value(float(settings.POLL_INTERVAL_SECONDS)))
    interval = Func(seconds, template="make_interval(secs => %(expressions)s)", output_field=DurationField())
    too_long_ago = Now() - Greatest(interval, Value(timedelta(seconds=POLL_LEASE_SECONDS)))
    silent = Q(active=True, due_since__lt=too_long_ago) & (Q(ended_at=None) | Q(ended_at__lt=too_long_ago))
    return hubs.annotate(
        due_since=Min("scratch_orgs__next_poll_at", filter=watched),
        ended_at=Max("scratch_orgs__updated_at", filter=attempted),  # the end of a poll moves it
    ).annotate(silent_since=Case(When(silent, then=Coalesce("ended_at", "due_since"))))
