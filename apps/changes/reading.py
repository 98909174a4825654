"""One read of one org: from the cursor on, to what was not known. No database, no network of its own."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from apps.changes import cursor as cursors
from apps.changes import diff
from apps.changes.cursor import Cursor
from apps.changes.diff import Component, Found, Known
from apps.salesforce.records import ApiUsage, SourceMember, SourceMembers

Fetch = Callable[[int], SourceMembers]  # all rows with a counter at or above this one
# In this tracking epoch: what is known of the rows' components, and whose names, of the people in them, are kept.
LookUp = Callable[[int, Sequence[SourceMember]], tuple[Mapping[Component, Known], Set[str]]]


@dataclass(frozen=True)
class Reading:
    """What one successful read came to, ready to be stored.

    `named`: who of the people in it is known by name. `too_late`: revisions that only a read from 0 could find,
    because they came later than LATE_ROWS_SECONDS.
    """

    cursor: Cursor
    found: Sequence[Found]
    from_zero: bool = False
    was_reset: bool = False
    named: Set[str] = frozenset()
    too_late: int = 0
    usage: ApiUsage | None = None


def read_on(cursor: Cursor, fetch: Fetch, look_up: LookUp, *, from_zero: bool, late_rows_seconds: float) -> Reading:
    """Reads from the cursor's safe counter on (or from 0), and again from 0 where tracking was reset."""
    since = 0 if from_zero else cursor.safe_counter
    members = fetch(since)
    reset = cursors.was_reset(cursor, members.rows)
    if reset:
        cursor = cursors.restart(cursor)
        members = fetch(0) if since else members
    # In a quiet org the one row that comes back is the one that held the highest counter: nothing to look up.
    news = [
        row
        for row in members.rows
        if (row.id, row.revision_counter) != (cursor.highest_member_id, cursor.highest_counter)
    ]
    known, named = look_up(cursor.tracking_epoch, news)
    found = diff.compare(known, news, baselined_at=cursor.baselined_at or members.started_at)
    return Reading(
        cursor=cursors.advance(
            cursor,
            members.rows,
            started_at=members.started_at,
            finished_at=members.finished_at,
            late_rows_seconds=late_rows_seconds,
        ),
        found=found,
        from_zero=from_zero or reset or since == 0,
        was_reset=reset,
        named=named,
        too_late=sum(each.row.revision_counter < cursor.safe_counter for each in found),
        usage=members.usage,
    )
