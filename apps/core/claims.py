"""Rows that say what must happen next, and the one way to claim them.

A row is due at `due_at`. A tick claims due rows under a lease and sends one message each; the worker *takes* the
row by swapping the lease token, so that a doubled, late or redelivered message finds nothing to do. A lost message
costs one lease. Scratch orgs follow the same rule with a fairer claim of their own (`apps.changes.pacing`).
"""

import random
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import connection, models
from django.db.models.functions import Now

QUEUE_LEASE_SECONDS = 30  # how long a message may wait in the queue before its row is offered again
MAX_BACKOFF_SECONDS = 3600


Row = TypeVar("Row", bound="Claimable")


class Claimable(models.Model):
    """`due_at` null: nothing left to do."""

    due_at = models.DateTimeField(null=True, db_default=Now())
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


def claim_due(model: type[Claimable], limit: int) -> list[tuple[int, str]]:
    """Leases up to `limit` due rows, the longest due first. Returns (id, lease token) of each."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {table} SET lease_token = gen_random_uuid(), lease_until = now() + make_interval(secs => %s)
            WHERE id IN (
                SELECT id FROM {table}
                WHERE due_at <= now() AND (lease_until IS NULL OR lease_until < now())
                ORDER BY due_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
            )
            RETURNING id, lease_token
            """,  # noqa: S608 - the table's name comes from the model
            [QUEUE_LEASE_SECONDS, limit],
        )
        return [(pk, str(token)) for pk, token in cursor.fetchall()]


def take(model: type[Row], pk: int, token: str, lease_seconds: int) -> Row | None:
    """The row, with a token of our own and a lease of `lease_seconds`; None if somebody else has it."""
    mine = uuid4()
    taken = model._default_manager.filter(pk=pk, lease_token=UUID(token)).update(
        lease_token=mine, lease_until=Now() + timedelta(seconds=lease_seconds)
    )
    return model._default_manager.get(pk=pk) if taken else None


def finish(row: Claimable, **values: Any) -> bool:
    """Writes `values` and gives the row back, unless the lease is somebody else's by now: then nothing is written."""
    return bool(
        type(row)
        ._default_manager.filter(pk=row.pk, lease_token=row.lease_token)
        .update(lease_token=None, lease_until=None, **values)
    )


def backoff_seconds(interval_seconds: float, consecutive_failures: int) -> float:
    """How long to wait after so many failures in a row: full jitter, up to an hour."""
    ceiling = min(MAX_BACKOFF_SECONDS, interval_seconds * 2 ** min(consecutive_failures, 12))
    return random.uniform(0, ceiling)  # noqa: S311 - jitter
