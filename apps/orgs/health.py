"""An org's health in one word, the same in SQL and in Python; `apps.orgs.standing` says it in sentences.

ok: its last poll succeeded. waiting: for its first poll. failing: its last poll failed. unwatched: nobody polls it.
ended: deleted or expired.
"""

from django.db.models import Case, CharField, Q, Value, When

from apps.orgs.models import ScratchOrg

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
