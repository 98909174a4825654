"""The main flow, once: one scratch org is read, and what is new is stored."""

import time
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection

from apps.changes import cursor as cursors
from apps.changes import diff, metrics, pacing, recording
from apps.changes.cursor import Cursor
from apps.changes.diff import Found
from apps.changes.pacing import Turn
from apps.changes.recording import Reading
from apps.core.errors import ScratcherError
from apps.orgs import access
from apps.orgs.models import ScratchOrg
from apps.salesforce.client import SalesforceClient, SourceMembers
from apps.salesforce.errors import SalesforceError

READ_FROM_ZERO_EVERY = timedelta(days=1)

log = structlog.get_logger(__name__)


class Unexpected(ScratcherError):
    """A fault of ours, or an answer that nobody thought of; the traceback is in the log."""

    code = "unexpected"


def poll_org(org_id: int, lease_token: str) -> None:
    """Afterwards the org's row says how the poll went, and each revision that it found is stored once.

    A message that came twice or late finds nothing to do. Expected errors end on the org's row; the unexpected ones
    do too, and are raised again.
    """
    turn = pacing.take(org_id, lease_token)
    if turn is None:
        metrics.POLLS.labels("stale").inc()
        return
    began = time.monotonic()
    structlog.contextvars.bind_contextvars(org_id=turn.org.org_id)
    try:
        reading = read(turn, began)
        stored = recording.store(turn, reading)
    except (SalesforceError, ScratcherError) as error:
        recording.fail(turn, error, time.monotonic() - began)
        _tell(error.code, began)
        log.info("poll_failed", code=error.code, error=str(error), ms=_milliseconds(began))
    except Exception:
        recording.fail(
            turn, Unexpected("something unexpected happened; the log of the worker has it"), time.monotonic() - began
        )
        _tell(Unexpected.code, began)
        raise
    else:
        _tell("ok" if stored is not None else "stale", began, reading, stored or 0)
        log.info("poll_finished", changes=stored, late=stored is None, ms=_milliseconds(began))
    finally:
        structlog.contextvars.unbind_contextvars("org_id")


def read(turn: Turn, began: float) -> Reading:
    """Reads the org from its cursor on, and finds what was not known. Nothing is written but people's names."""
    org = turn.org
    cursor = _cursor_of(org)
    from_zero = _is_due_from_zero(turn)
    client = access.client_for(org)
    connection.close()  # back to the pool: a hundred polls wait for Salesforce on twenty connections
    members = client.source_members(0 if from_zero else cursor.safe_counter)
    reset = cursors.was_reset(cursor, members.rows)
    if reset:
        cursor = cursors.restart(cursor)
        if not from_zero:
            members, from_zero = client.source_members(0), True
    found = _find(turn, cursor, members)
    if from_zero and org.baselined_at and not reset:
        metrics.LATE_ROWS_BEYOND_OVERLAP.inc(sum(each.row.revision_counter < cursor.safe_counter for each in found))
    _resolve_people(turn, client, found)
    return Reading(
        cursor=cursors.advance(
            cursor,
            members.rows,
            started_at=members.started_at,
            finished_at=members.finished_at,
            late_rows_seconds=settings.LATE_ROWS_SECONDS,
        ),
        found=found,
        from_zero=from_zero or cursor.safe_counter == 0,
        usage=members.usage,
        seconds=time.monotonic() - began,
        was_reset=reset,
    )


def _find(turn: Turn, cursor: Cursor, members: SourceMembers) -> list[Found]:
    # In a quiet org the one row that comes back is the one that held the highest counter: nothing to look up.
    news = [
        row
        for row in members.rows
        if not (row.id == cursor.highest_member_id and row.revision_counter == cursor.highest_counter)
    ]
    known = recording.known_components(
        turn.org.pk, cursor.tracking_epoch, [(row.member_type, row.member_name) for row in news]
    )
    return diff.compare(known, news, baselined_at=cursor.baselined_at or members.started_at)


def _resolve_people(turn: Turn, client: SalesforceClient, found: list[Found]) -> None:
    """Names are worth one call, and never a poll: where it fails, the feed shows ids until a later poll succeeds."""
    changes = [each for each in found if not each.is_baseline]
    unknown = recording.unknown_people(turn, changes)
    if not unknown:
        return
    connection.close()
    try:
        people = client.people(unknown)
    except SalesforceError as error:
        log.warning("people_not_resolved", code=error.code, error=str(error))
        return
    recording.remember_people(turn, people)


def _cursor_of(org: ScratchOrg) -> Cursor:
    return Cursor(
        safe_counter=org.safe_counter,
        pending_counter=org.pending_counter,
        pending_at=org.pending_at,
        highest_counter=org.highest_counter,
        highest_member_id=org.highest_member_id,
        tracking_epoch=org.tracking_epoch,
        baselined_at=org.baselined_at,
    )


def _is_due_from_zero(turn: Turn) -> bool:
    last = turn.org.read_from_zero_at
    return last is None or turn.began_at - last >= READ_FROM_ZERO_EVERY


def _tell(outcome: str, began: float, reading: Reading | None = None, stored: int = 0) -> None:
    metrics.POLLS.labels(outcome).inc()
    metrics.POLL_SECONDS.observe(time.monotonic() - began)
    if reading is None or not stored:
        return
    metrics.CHANGES_STORED.inc(stored)
    now = datetime.now(UTC)
    for each in reading.found:
        if not each.is_baseline:
            metrics.DETECTION_LAG_SECONDS.observe(max(0.0, (now - each.row.last_modified_date).total_seconds()))


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
