"""Where to read on, and what it means when the mark is gone. Pure.

Salesforce hands out RevisionCounter in order, but a row may become visible late: after a large deployment minutes
after rows with higher counters (forcedotcom/cli#572). So a poll reads again from `safe_counter`, and a counter
becomes safe only when a poll began more than LATE_ROWS_SECONDS after it was first the highest one seen. All times are
Salesforce's own (the Date header of the first and last page).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from apps.salesforce.records import SourceMember


@dataclass(frozen=True)
class Cursor:
    """`highest_member_id` held `highest_counter` when last seen; "" when nothing was ever seen."""

    safe_counter: int = 0
    pending_counter: int | None = None
    pending_at: datetime | None = None
    highest_counter: int = 0
    highest_member_id: str = ""
    tracking_epoch: int = 0
    baselined_at: datetime | None = None


def was_reset(cursor: Cursor, rows: Sequence[SourceMember]) -> bool:
    """Whether the member that held the highest counter has not come back with the same or a higher one.

    The read's floor is inclusive on purpose, so that this row is always part of it.
    """
    if not cursor.highest_member_id:
        return False
    return not any(
        row.id == cursor.highest_member_id and row.revision_counter >= cursor.highest_counter for row in rows
    )


def restart(cursor: Cursor) -> Cursor:
    """The cursor after a tracking reset: nothing is known, the next read from 0 is a new baseline."""
    return Cursor(tracking_epoch=cursor.tracking_epoch + 1)


def advance(
    cursor: Cursor,
    rows: Sequence[SourceMember],
    *,
    started_at: datetime,
    finished_at: datetime,
    late_rows_seconds: float,
) -> Cursor:
    """The cursor after a successful read of `rows`, which began and ended at these times."""
    top = max(rows, key=lambda row: row.revision_counter, default=None)
    if top is not None and top.revision_counter >= cursor.highest_counter:
        cursor = replace(cursor, highest_counter=top.revision_counter, highest_member_id=top.id)
    cursor = replace(cursor, baselined_at=cursor.baselined_at or started_at)
    if cursor.pending_counter is None or cursor.pending_at is None:
        return replace(cursor, pending_counter=cursor.highest_counter, pending_at=finished_at)
    # A Date has whole seconds: equal ones may be a moment less apart than they say.
    if cursor.pending_at < started_at - timedelta(seconds=late_rows_seconds):
        return replace(
            cursor,
            safe_counter=cursor.pending_counter,
            pending_counter=cursor.highest_counter,
            pending_at=finished_at,
        )
    return cursor
