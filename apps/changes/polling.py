"""The main flow, once: one scratch org is read, and what is new is stored."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from django.conf import settings

from apps.changes import metrics, pacing, recording
from apps.changes.cursor import Cursor
from apps.changes.pacing import Turn
from apps.changes.reading import Reading, read_on
from apps.core.errors import ScratcherError
from apps.orgs import access
from apps.orgs.models import ScratchOrg
from apps.salesforce.client import SalesforceClient
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
        reading = read(turn)
        stored = recording.store(turn, reading, time.monotonic() - began)
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


def read(turn: Turn) -> Reading:
    """Reads the org from its cursor on, and finds what was not known. Nothing is written but people's names."""
    org = turn.org
    with access.client_for(org) as client:  # the database connection is back in the pool: 100 polls wait on 20 of them
        reading = read_on(
            _cursor_of(org),
            client.source_members,
            partial(recording.what_is_known, org.pk),
            from_zero=_is_due_from_zero(turn),
            late_rows_seconds=settings.LATE_ROWS_SECONDS,
        )
        _resolve_people(turn, client, reading)
    return reading


def _resolve_people(turn: Turn, client: SalesforceClient, reading: Reading) -> None:
    """Names are worth one call, and never a poll: where it fails, the feed shows ids until a later poll succeeds."""
    unknown = {each.row.changed_by for each in reading.found if not each.is_baseline} - reading.named
    if not unknown:
        return
    access.give_connection_back()
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
    metrics.LATE_ROWS_BEYOND_OVERLAP.inc(reading.too_late)
    now = datetime.now(UTC)
    for each in reading.found:
        if not each.is_baseline:
            metrics.DETECTION_LAG_SECONDS.observe(max(0.0, (now - each.row.last_modified_date).total_seconds()))


def _milliseconds(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
