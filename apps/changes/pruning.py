"""Old rows go, in small batches, so that nobody waits for a lock. RETENTION_DAYS 0 keeps all changes."""

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from apps.operations.models import Operation

BATCH = 2000
OPERATIONS_ARE_KEPT = timedelta(days=30)

_CHANGES = """
    DELETE FROM source_changes WHERE id IN (
        SELECT id FROM source_changes
        WHERE team_id = %s AND last_modified_date < now() - make_interval(days => %s)
        ORDER BY last_modified_date LIMIT %s)"""
_EVENTS = """
    DELETE FROM events WHERE id IN (
        SELECT id FROM events
        WHERE created_at < now() - make_interval(days => %s) AND dispatched_at IS NOT NULL LIMIT %s)"""


def prune() -> int:
    """Deletes changes older than RETENTION_DAYS, events older than a week, and operations that ended a month ago; how
    many rows went."""
    gone = _in_batches(_EVENTS, [settings.EVENT_RETENTION_DAYS, BATCH]) + _prune_operations()
    if settings.RETENTION_DAYS > 0:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM teams ORDER BY id")
            teams = [pk for (pk,) in cursor.fetchall()]
        for team in teams:
            gone += _in_batches(_CHANGES, [team, settings.RETENTION_DAYS, BATCH])
    return gone


def _in_batches(statement: str, parameters: list[int]) -> int:
    gone: int = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, parameters)
            gone += cursor.rowcount
            if cursor.rowcount < BATCH:
                return gone


def _prune_operations() -> int:
    gone = 0
    while old := list(Operation.objects.filter(finished_at__lt=Now() - OPERATIONS_ARE_KEPT)[:BATCH].values_list("pk")):
        gone += len(old)
        Operation.objects.filter(pk__in=[pk for (pk,) in old]).delete()
    return gone
