"""What a poll came to, written in one statement, under the poll's lease: all of it, or nothing.

A stale lease makes the statement write nothing. The team's row is locked by the numbering of its feed, which makes
number order commit order: a reader of `?after=<position>` never misses a late commit.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
from django.db import transaction

from apps.changes import pacing
from apps.changes.diff import Component, Found, Known
from apps.changes.pacing import NEXT_PHASE_POINT, Turn
from apps.changes.reading import Reading
from apps.core import claims, events, prepared
from apps.core.errors import ScratcherError
from apps.core.prepared import compact
from apps.orgs.models import ScratchOrg
from apps.salesforce.errors import LoginRefused, NoSourceTracking, SalesforceError
from apps.salesforce.records import Person, SourceMember

HOLE_INTERVALS = 3

# Somebody may ask for a poll while one runs: next_poll_at is then later than the poll's beginning, and stays.
_ORG_AFTER_POLL = f"""
    lease_token = NULL, lease_taken = false, lease_until = 'epoch', updated_at = now(),
    last_polled_at = now(), last_poll_seconds = %(poll_seconds)s,
    consecutive_failures = 0, last_error_code = '', last_error = '',
    safe_counter = %(safe_counter)s, pending_counter = %(pending_counter)s, pending_at = %(pending_at)s,
    highest_counter = %(highest_counter)s, highest_member_id = %(highest_member_id)s,
    tracking_epoch = %(tracking_epoch)s, baselined_at = %(baselined_at)s,
    read_from_zero_at = CASE WHEN %(from_zero)s THEN now() ELSE read_from_zero_at END,
    api_used = coalesce(%(api_used)s, api_used), api_max = coalesce(%(api_max)s, api_max),
    next_poll_at = CASE WHEN next_poll_at > last_attempted_at THEN next_poll_at ELSE {NEXT_PHASE_POINT} END"""

_STORE_QUIET = compact(f"""
    UPDATE scratch_orgs SET {_ORG_AFTER_POLL} WHERE id = %(org)s AND lease_token = %(lease)s RETURNING 0""")  # noqa: S608

# i: place in the read; c: belongs in the feed (not baseline); k: the component's latest revision of this read;
# e: somebody's own edit (not bulk). What a component's own edit was is kept when a baseline or bulk row follows it.
_STORE = compact(f"""
    WITH held AS (
        SELECT id, team_id, dev_hub_id FROM scratch_orgs
        WHERE id = %(org)s AND lease_token = %(lease)s FOR NO KEY UPDATE
    ), found AS MATERIALIZED (
        SELECT * FROM held, jsonb_to_recordset(%(found)s::jsonb) AS r(
            i bigint, c boolean, k boolean, cid text, t text, n text, ct text, r bigint, p text, at timestamptz,
            d boolean, b uuid, ea timestamptz, ep text, et text)
    ), components AS (
        INSERT INTO tracked_components AS known (
            team_id, dev_hub_id, scratch_org_id, tracking_epoch, change_id, member_type, member_name, revision_num,
            changed_by, last_modified_date, is_deleted, is_baseline, edited_at, edited_by, edit_type)
        SELECT team_id, dev_hub_id, id, %(tracking_epoch)s, cid, t, n, r, p, at, d, NOT c, ea, ep, et
        FROM found WHERE k ORDER BY t, n
        ON CONFLICT (scratch_org_id, member_type, member_name) DO UPDATE SET
            tracking_epoch = excluded.tracking_epoch, change_id = excluded.change_id,
            revision_num = excluded.revision_num, changed_by = excluded.changed_by,
            last_modified_date = excluded.last_modified_date, is_deleted = excluded.is_deleted,
            is_baseline = excluded.is_baseline,
            edited_at = coalesce(excluded.edited_at, known.edited_at),
            edited_by = CASE WHEN excluded.edited_at IS NULL THEN known.edited_by ELSE excluded.edited_by END,
            edit_type = CASE WHEN excluded.edited_at IS NULL THEN known.edit_type ELSE excluded.edit_type END
    ), numbered AS (
        UPDATE teams SET feed_position = feed_position + %(changes)s FROM held
        WHERE teams.id = held.team_id AND %(changes)s > 0 RETURNING feed_position - %(changes)s AS position
    ), stored AS (
        INSERT INTO source_changes (
            team_id, scratch_org_id, feed_position, tracking_epoch, change_id, member_type, member_name, change_type,
            revision_num, changed_by, last_modified_date, batch_id, is_bulk)
        SELECT team_id, id, position + i, %(tracking_epoch)s, cid, t, n, ct, r, p, at, b, b IS NOT NULL
        FROM found, numbered WHERE c ORDER BY i
        ON CONFLICT (scratch_org_id, tracking_epoch, change_id, revision_num) DO NOTHING
        RETURNING team_id, member_type, change_type, last_modified_date, feed_position
    ), counted AS (
        INSERT INTO daily_change_counts AS daily (team_id, day, member_type, change_type, count)
        SELECT team_id, (last_modified_date AT TIME ZONE 'UTC')::date, member_type, change_type, count(*)
        FROM stored GROUP BY 1, 2, 3, 4
        ON CONFLICT (team_id, day, member_type, change_type) DO UPDATE SET count = daily.count + excluded.count
    ), span AS (
        SELECT count(*) AS n, min(feed_position) AS first, max(feed_position) AS last,
            max(last_modified_date) AS newest FROM stored
    ), told AS (
        INSERT INTO events (team_id, kind, title, link, data)
        SELECT team_id, '{events.Kind.CHANGES_STORED}',
            left(n || CASE n WHEN 1 THEN ' change in ' ELSE ' changes in ' END || %(org_label)s, 255), %(link)s,
            jsonb_build_object('dev_hub', dev_hub_id, 'scratch_org', id, 'org_id', %(org_id)s::text, 'count', n,
                'feed_from', first, 'feed_to', last)
        FROM held, span WHERE n > 0
    )
    UPDATE scratch_orgs SET {_ORG_AFTER_POLL},
        changes_total = changes_total + span.n, last_change_at = greatest(last_change_at, span.newest)
    FROM span, held WHERE scratch_orgs.id = held.id
    RETURNING span.n""")  # noqa: S608

_MARK_GAP = """
    INSERT INTO gap_marks (team_id, scratch_org_id, reason, from_at, to_at)
    SELECT team_id, id, %(reason)s, last_polled_at, now() FROM scratch_orgs
    WHERE id = %(org)s AND lease_token = %(lease)s AND last_polled_at IS NOT NULL
    FOR NO KEY UPDATE"""  # the lease stays ours until what was found is stored, too

# What somebody decided meanwhile stands: a stop, a sync that ended the org, an enrolment (next_poll_at moved).
_FAIL = """
    WITH mine AS (
        SELECT id, %(refused)s AND watched AND next_poll_at <= last_attempted_at AS stop
        FROM scratch_orgs WHERE id = %(org)s AND lease_token = %(lease)s FOR NO KEY UPDATE
    )
    UPDATE scratch_orgs SET
        lease_token = NULL, lease_taken = false, lease_until = 'epoch', updated_at = now(),
        consecutive_failures = consecutive_failures + 1, last_error_code = %(code)s, last_error = %(error)s,
        last_poll_seconds = %(poll_seconds)s,
        watched = watched AND NOT mine.stop,
        unwatched_reason = CASE WHEN mine.stop THEN %(reason)s ELSE unwatched_reason END,
        next_poll_at = CASE WHEN next_poll_at > last_attempted_at THEN next_poll_at
            ELSE now() + make_interval(secs => %(wait)s) END
    FROM mine WHERE scratch_orgs.id = mine.id RETURNING team_id, mine.stop"""

# Two questions in one round trip: components, and people by their ids.
_KNOWN = """
    SELECT member_type, member_name, CASE WHEN tracking_epoch = %s THEN revision_num ELSE -1 END, is_deleted
    FROM unnest(%s::text[], %s::text[]) AS seen(t, n)
    JOIN tracked_components ON scratch_org_id = %s AND member_type = t AND member_name = n
    UNION ALL
    SELECT NULL, user_id, 0, false FROM people WHERE scratch_org_id = %s AND user_id = ANY(%s)"""


def what_is_known(org_id: int, epoch: int, rows: Sequence[SourceMember]) -> tuple[dict[Component, Known], set[str]]:
    """What is known of the rows' components in this tracking epoch, and the ids of those who are known by name."""
    if not rows:
        return {}, set()
    values = [
        epoch,
        [row.member_type for row in rows],
        [row.member_name for row in rows],
        org_id,
        org_id,
        list({row.changed_by for row in rows}),
    ]
    components, named = {}, set()
    for member_type, name, revision, deleted in prepared.execute(_KNOWN, values):
        if member_type is None:
            named.add(name)
        else:
            components[member_type, name] = Known(revision, deleted)
    return components, named


def store(turn: Turn, reading: Reading, seconds: float) -> int | None:
    """Stores the reading and ends the turn; how many changes were new. None: the lease was lost, nothing is written."""
    if reading.found or reading.was_reset or _hole(turn):
        return _store_found(turn, reading, seconds)
    row = prepared.execute(_STORE_QUIET, _org_values(turn, reading, seconds)).fetchone()
    return None if row is None else 0


def fail(turn: Turn, error: SalesforceError | ScratcherError, seconds: float) -> None:
    """Ends the turn with an error on the org's row. What was known stays. A refused login stops the polling."""
    values = {
        "org": turn.org.pk,
        "lease": turn.lease_token,
        "code": error.code,
        "error": str(error)[:500],
        "poll_seconds": seconds,
        "refused": isinstance(error, LoginRefused),
        "reason": ScratchOrg.Unwatched.LOGIN_REFUSED.value,
        "wait": _wait_seconds(turn, error),
    }
    with transaction.atomic():
        row = prepared.execute(_FAIL, values).fetchone()
        if row is not None and row[1]:
            events.record(
                team_id=row[0],
                kind=events.Kind.LOGIN_REFUSED,
                title=f"Login refused: {_label(turn.org)}",
                link=_link(turn.org),
                data={"scratch_org": turn.org.pk, "org_id": turn.org.org_id, "error": values["error"]},
            )


def _store_found(turn: Turn, reading: Reading, seconds: float) -> int | None:
    """One transaction: a gap mark where one is due, then everything else in one statement."""
    values = _org_values(turn, reading, seconds)
    values["changes"] = sum(not each.is_baseline for each in reading.found)
    values["found"] = orjson.dumps(_rows(reading.found)).decode()
    values["org_label"] = _label(turn.org)
    values["link"] = _link(turn.org)
    values["org_id"] = turn.org.org_id
    reason = "tracking_reset" if reading.was_reset else "not_watched" if _hole(turn) else ""
    if not reason:
        row = prepared.execute(_STORE, values).fetchone()
        return None if row is None else row[0]
    with transaction.atomic():
        prepared.execute(_MARK_GAP, {"org": turn.org.pk, "lease": turn.lease_token, "reason": reason})
        row = prepared.execute(_STORE, values).fetchone()
        if row is not None and reading.was_reset:
            events.record(
                team_id=turn.org.team_id,
                kind=events.Kind.TRACKING_RESET,
                title=f"Source tracking was reset: {_label(turn.org)}",
                link=_link(turn.org),
                data={"scratch_org": turn.org.pk, "org_id": turn.org.org_id},
            )
    return None if row is None else row[0]


def remember_people(turn: Turn, people: Sequence[Person]) -> None:
    """Keeps the names of an org's users. Its default admin is called "User User": the org's owner tells more.

    One statement: of several, a worker that sleeps between them would keep the rows locked, and others waiting.
    """
    names = [(turn.org.owner_name or each.name) if each.name == "User User" else each.name for each in people]
    prepared.execute(
        """INSERT INTO people (scratch_org_id, user_id, username, name)
        SELECT DISTINCT ON (user_id) %s::bigint, user_id, username, name
        FROM unnest(%s::text[], %s::text[], %s::text[]) AS seen(user_id, username, name)
        ON CONFLICT (scratch_org_id, user_id) DO UPDATE SET username = excluded.username, name = excluded.name""",
        [turn.org.pk, [each.id for each in people], [each.username for each in people], names],
    )


def _org_values(turn: Turn, reading: Reading, seconds: float) -> dict[str, Any]:
    cursor = reading.cursor
    used, limit = (reading.usage.used, reading.usage.max) if reading.usage else (turn.org.api_used, turn.org.api_max)
    return {
        "org": turn.org.pk,
        "lease": turn.lease_token,
        "safe_counter": cursor.safe_counter,
        "pending_counter": cursor.pending_counter,
        "pending_at": cursor.pending_at,
        "highest_counter": cursor.highest_counter,
        "highest_member_id": cursor.highest_member_id,
        "tracking_epoch": cursor.tracking_epoch,
        "baselined_at": cursor.baselined_at,
        "from_zero": reading.from_zero,
        "api_used": used,
        "api_max": limit,
        "poll_seconds": seconds,
        "seconds": pacing.within_budget(turn.interval_seconds, used, limit),
        "phase": pacing.phase(turn.org.pk),
    }


def _rows(found: Sequence[Found]) -> list[dict[str, Any]]:
    """The rows of `_STORE`'s recordset; numbered among themselves as far as they belong in the feed."""
    latest = {(each.row.member_type, each.row.member_name): each for each in found}
    edits = {(each.row.member_type, each.row.member_name): each for each in found if each.is_edit}
    rows, position = [], 0
    for each in found:
        row = each.row
        component = (row.member_type, row.member_name)
        edit = edits.get(component)
        position += not each.is_baseline
        rows.append(
            {
                "i": position,
                "c": not each.is_baseline,
                "k": latest[component] is each,
                "cid": row.id,
                "t": row.member_type,
                "n": row.member_name,
                "ct": each.change_type,
                "r": row.revision_counter,
                "p": row.changed_by,
                "at": row.last_modified_date,
                "d": row.is_name_obsolete,
                "b": each.batch_id,
                "ea": edit and edit.row.last_modified_date,
                "ep": edit.row.changed_by if edit else "",
                "et": edit.change_type if edit else "",
            }
        )
    return rows


def _hole(turn: Turn) -> bool:
    """Whether the org was last read longer ago than three intervals: edits in between may have hidden one another."""
    last = turn.org.last_polled_at
    interval = pacing.within_budget(turn.interval_seconds, turn.org.api_used, turn.org.api_max)
    return last is not None and turn.began_at - last > timedelta(seconds=HOLE_INTERVALS * interval)


def _wait_seconds(turn: Turn, error: SalesforceError | ScratcherError) -> float:
    asked = getattr(error, "retry_after_seconds", None)
    if isinstance(error, SalesforceError) and asked:
        return float(asked)
    if isinstance(error, NoSourceTracking):  # will not change by asking again, unless somebody turns it on
        return claims.MAX_BACKOFF_SECONDS
    interval = pacing.within_budget(turn.interval_seconds, turn.org.api_used, turn.org.api_max)
    return claims.backoff_seconds(interval, turn.org.consecutive_failures)


def _label(org: ScratchOrg) -> str:
    return org.alias or org.org_name or org.username


def _link(org: ScratchOrg) -> str:
    return f"/orgs/{org.org_id}"
