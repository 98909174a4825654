"""A DevHub goes, with its orgs and all that was seen in them. The daily counts stay: they are the team's history."""

import time
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from apps.operations.models import Operation
from apps.operations.running import Step
from apps.orgs.holding import hold
from apps.orgs.models import DevHub, ScratchOrg

BATCH = 2000
STEP = timedelta(seconds=20)  # well within the operation's lease

_CHANGES = """
    DELETE FROM source_changes WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM source_changes WHERE scratch_org_id = %s LIMIT %s))"""
_COMPONENTS = """
    DELETE FROM tracked_components WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM tracked_components WHERE scratch_org_id = %s LIMIT %s))"""


def advance(operation: Operation) -> Step:
    """Removes orgs one after another, in small batches; goes on where it was stopped."""
    hub = DevHub.objects.filter(team_id=operation.team_id, pk=operation.arguments["dev_hub"]).first()
    if hub is None:
        return Step(operation.total, "removed", "done", done=True)
    orgs = hub.scratch_orgs.order_by("pk")
    _stop(orgs.filter(watched=True))
    stop_at = time.monotonic() + STEP.total_seconds()
    while org := orgs.first():
        if not _remove(org, stop_at):
            return _so_far(operation, orgs)
    if not _end(hub):
        return _so_far(operation, orgs)
    return Step(operation.total, f"{operation.total} orgs removed", "done", done=True)


@transaction.atomic
def _stop(orgs: QuerySet[ScratchOrg]) -> None:
    """Without its lease, a poll under way writes nothing any more."""
    stopped = {"watched": False, "unwatched_reason": ScratchOrg.Unwatched.STOPPED, "lease_token": None}
    ScratchOrg.objects.filter(pk__in=hold(orgs)).update(**stopped)


def _remove(org: ScratchOrg, stop_at: float) -> bool:
    """False when the time is up before all of it is gone."""
    with connection.cursor() as cursor:
        for statement in (_CHANGES, _COMPONENTS):
            rows = BATCH
            while rows == BATCH:
                if time.monotonic() > stop_at:
                    return False
                cursor.execute(statement, [org.pk, BATCH])
                rows = cursor.rowcount
    org.delete()
    return True


@transaction.atomic
def _end(hub: DevHub) -> bool:
    """False if a sync, which writes under the hub's row, has just added orgs."""
    hold(DevHub.objects.filter(pk=hub.pk))
    if hub.scratch_orgs.exists():
        return False
    hub.delete()
    return True


def _so_far(operation: Operation, left: QuerySet[ScratchOrg]) -> Step:
    count = left.count()
    return Step(max(0, operation.total - count), f"{count} orgs left to remove", "removing")
