"""When each scratch org is polled, and by whom: the schedule stands in the rows.

Due orgs are claimed under a short lease, one message each; the worker that takes the message swaps the lease's token
for its own. Each org is due at fixed phase points of its interval, spread evenly over the orgs, so that polls neither
bunch up nor drift. (Prometheus paces its scrapes the same way.)
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from apps.core import prepared
from apps.core.claims import MAX_BACKOFF_SECONDS, QUEUE_LEASE_SECONDS
from apps.orgs.access import POLL_LEASE_SECONDS
from apps.orgs.enrolment import HOURLY_SHARE
from apps.orgs.models import ScratchOrg

GOLDEN_RATIO = 0.618033988749895

# The next phase point after now, for an interval of `seconds` and a `phase` in [0, 1).
NEXT_PHASE_POINT = """to_timestamp(
    (floor(extract(epoch FROM now())::float8 / %(seconds)s - %(phase)s) + 1 + %(phase)s) * %(seconds)s)"""

# A lease that a worker took and that ran out: the org may be what killed the worker, so it backs off. A row that a sync
# or a late worker is writing is left to the next tick: waiting for several of them in another order would deadlock.
_GIVE_UP_LOST = """
    WITH lost AS (
        SELECT id FROM scratch_orgs WHERE lease_taken AND lease_until < now() FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE scratch_orgs o SET
        lease_token = NULL, lease_taken = false, consecutive_failures = o.consecutive_failures + 1,
        last_error_code = 'worker_lost', last_error = 'the worker that polled this org was lost; it is tried again',
        next_poll_at = now() + random() * make_interval(secs => least(
            %(max_backoff)s,
            coalesce(h.poll_interval_minutes * 60, %(interval)s) * power(2, least(o.consecutive_failures, 12))))
    FROM lost, dev_hubs h WHERE o.id = lost.id AND h.id = o.dev_hub_id"""

_LOCK_HUBS = "SELECT id FROM dev_hubs WHERE active ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"

# Slow orgs first among the due ones: what takes longest must not start last.
_CLAIM = """
    WITH leased AS MATERIALIZED (
        SELECT dev_hub_id, count(*) AS polls FROM scratch_orgs WHERE lease_until > now() GROUP BY dev_hub_id
    ), chosen AS MATERIALIZED (
        SELECT due.id FROM unnest(%(hubs)s::bigint[]) AS hub(id)
        LEFT JOIN leased ON leased.dev_hub_id = hub.id
        CROSS JOIN LATERAL (
            SELECT id, next_poll_at - make_interval(secs => last_poll_seconds) AS latest_start FROM scratch_orgs
            WHERE dev_hub_id = hub.id AND watched AND next_poll_at <= now() AND lease_until < now()
            ORDER BY latest_start
            LIMIT greatest(0, %(per_hub)s - coalesce(leased.polls, 0)) FOR NO KEY UPDATE SKIP LOCKED
        ) AS due
        ORDER BY due.latest_start
        LIMIT greatest(0, %(slots)s - (SELECT coalesce(sum(polls), 0) FROM leased))
    )
    UPDATE scratch_orgs SET lease_token = gen_random_uuid(), lease_taken = false,
        lease_until = now() + make_interval(secs => %(lease)s)
    WHERE id IN (SELECT id FROM chosen) RETURNING id, lease_token"""

_NEEDED = {
    "id", "team_id", "dev_hub_id", "org_id", "org_name", "username", "alias", "owner_name", "instance_url",
    "credential", "access_token", "refresh_token", "refresh_client_id", "refresh_client_secret", "refresh_login_url",
    "lease_token", "last_attempted_at", "last_polled_at", "consecutive_failures", "safe_counter", "pending_counter",
    "pending_at", "highest_counter", "highest_member_id", "tracking_epoch", "baselined_at", "read_from_zero_at",
    "api_used", "api_max",
}  # fmt: skip
# Model.from_db takes values in the order of the model's fields.
_TAKEN_FIELDS = tuple(field.attname for field in ScratchOrg._meta.concrete_fields if field.attname in _NEEDED)

_TAKE = f"""
    UPDATE scratch_orgs AS o SET lease_token = gen_random_uuid(), lease_taken = true, last_attempted_at = now(),
        lease_until = now() + make_interval(secs => {POLL_LEASE_SECONDS})
    FROM dev_hubs AS h WHERE o.id = %s AND o.lease_token = %s AND h.id = o.dev_hub_id
    RETURNING {", ".join("o." + field for field in _TAKEN_FIELDS)}, h.poll_interval_minutes"""  # noqa: S608


@dataclass(frozen=True)
class Turn:
    """A worker's turn with an org: the row as it stood, our lease, and the interval that its hub asks for."""

    org: ScratchOrg
    lease_token: UUID
    began_at: datetime  # the database's time
    interval_seconds: float


def claim_due(waiting: int = 0) -> list[tuple[int, str]]:
    """Leases the orgs that are due, at most POLL_SLOTS under way over all hubs; (id, lease token) of each.

    `waiting` messages that nobody has taken yet use up slots, so that a dead worker's queue does not grow.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_GIVE_UP_LOST, {"max_backoff": MAX_BACKOFF_SECONDS, "interval": settings.POLL_INTERVAL_SECONDS})
        cursor.execute(_LOCK_HUBS)
        hubs = [pk for (pk,) in cursor.fetchall()]
        if not hubs or waiting >= settings.POLL_SLOTS:
            return []
        cursor.execute(
            _CLAIM,
            {
                "hubs": hubs,
                "per_hub": settings.POLLS_PER_HUB,
                "slots": settings.POLL_SLOTS,
                "lease": QUEUE_LEASE_SECONDS,
            },
        )
        return [(pk, str(token)) for pk, token in cursor.fetchall()]


def take(org_id: int, lease_token: str) -> Turn | None:
    """The turn that the message announced; None if somebody else has the org: the message came twice, or late."""
    row = prepared.execute(_TAKE, [org_id, UUID(lease_token)]).fetchone()
    if row is None:
        return None
    org = ScratchOrg.from_db("default", _TAKEN_FIELDS, row[:-1])
    minutes = row[-1]
    began_at = cast("datetime", org.last_attempted_at)  # just written
    mine = cast("UUID", org.lease_token)
    return Turn(org, mine, began_at, minutes * 60 if minutes else settings.POLL_INTERVAL_SECONDS)


def phase(org_id: int) -> float:
    """Where in its interval an org is polled, in [0, 1): multiples of the golden ratio spread evenly, however many."""
    return (org_id * GOLDEN_RATIO) % 1


def within_budget(interval_seconds: float, api_used: int | None, api_max: int | None) -> float:
    """The interval that spares the org's daily API calls: people and pipelines need them too."""
    share = api_used / api_max if api_used and api_max else 0.0
    if share >= HOURLY_SHARE:
        return max(interval_seconds, 3600.0)
    if share >= 0.90:
        return interval_seconds * 4
    return interval_seconds * 2 if share >= 0.80 else interval_seconds
