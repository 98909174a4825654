"""The feed: newest first, or oldest first from a position on.

Order is (last_modified_date, id), descending, and a page begins below the last row of the page before: no OFFSET, no
COUNT, and a row that comes in meanwhile moves nothing. `feed_position` numbers a team's changes in commit order, so a
reader who asks for what came after a position misses no late commit.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings

from apps.accounts.models import Team
from apps.changes import gaps
from apps.changes.answers import org_json, person_json
from apps.changes.bounded import Read, bounded_reads
from apps.changes.filters import Wanted, wanted
from apps.core import keyset
from apps.core.errors import Gone
from apps.core.query import Query

DOOR = "changes"
WINDOW = 20_000  # positions that one answer looks through, at most, for changes that fit the filters

_COLUMNS = """c.feed_position, c.scratch_org_id, c.id, c.change_id, c.member_type, c.member_name, c.change_type,
    c.revision_num, c.changed_by, c.last_modified_date, c.created_at, c.is_bulk, c.batch_id"""
_NEWEST_FIRST = "c.last_modified_date DESC, c.id DESC"


@dataclass(frozen=True)
class Page:
    """`latest`: every change up to this position was looked at; ask for what comes after it. `more`: so do at once."""

    changes: list[dict[str, Any]]
    latest: int
    next: str | None = None
    more: bool = False
    gaps: list[dict[str, Any]] = field(default_factory=list)


def newest(team: Team, query: Query) -> Page:
    """One page, newest first, with the gaps in what was watched. Raises InvalidInput (400) and Gone (410)."""
    before = _before(team, query)
    with bounded_reads() as read:
        found = wanted(team, query, read)
        if found.nothing:
            return Page([], team.feed_position)
        since = query["since"].isoformat() if query["since"] else "-infinity"
        found.values.update(since=since, before=before[0], before_id=before[1])
        rows = read(_newest_sql(found, query["limit"]), found.values)
    latest, overlapping, rows = _head(rows)
    following = None
    if len(rows) > query["limit"]:
        del rows[query["limit"] :]
        following = keyset.cursor(DOOR, team.pk, query, [rows[-1][_LAST_MODIFIED], rows[-1][_ID]])
    return Page(_changes(rows), latest, following, gaps=overlapping)


def after(team: Team, query: Query) -> Page:
    """What came in after position `query["after"]`, oldest first. Raises InvalidInput (400) and Gone (410)."""
    position, limit = query["after"], query["limit"]
    with bounded_reads() as read:
        _refuse_pruned(team, position, read)
        found = wanted(team, query, read)
        if found.nothing:
            return Page([], team.feed_position)
        rows = read(_after_sql(found, query, limit), found.values | {"after": str(position)})
    latest, _no_gaps, rows = _head(rows)
    looked_at = position + WINDOW
    if len(rows) > limit:
        del rows[limit:]
        looked_at = rows[-1][_POSITION]
    return Page(_changes(rows), min(latest, looked_at), more=looked_at < latest)


def _before(team: Team, query: Query) -> tuple[str, str]:
    """The page holds what is less than this (last_modified_date, id)."""
    cursor = keyset.position(DOOR, team.pk, query)
    if cursor is None:
        return query["until"].isoformat() if query["until"] else "infinity", "0"
    keyset.refuse_what_was_pruned(datetime.fromisoformat(cursor[0]))
    return cursor[0], str(cursor[1])


def _newest_sql(found: Wanted, limit: int) -> str:
    """The limit stands in the text: with a parameter the planner would expect a tenth of the table."""
    if found.many is None:
        page = _scan(found, "", limit + 1)
    else:
        column, found.values["many"] = found.many
        page = _merged(found, column, len(found.values["many"]), limit)
    return _with_names(page, _NEWEST_FIRST, beside=gaps.beside_page(limit, one_org="scratch_org_id" in found.values))


def _scan(found: Wanted, narrower: str, limit: int) -> str:
    """An ordered walk along one index, which ends after `limit` rows."""
    return f"""
        SELECT {_COLUMNS} FROM source_changes AS c
        WHERE c.team_id = %(team)s AND c.last_modified_date >= %(since)s
            AND (c.last_modified_date, c.id) < (%(before)s, %(before_id)s) {found.sql()} {narrower}
        ORDER BY {_NEWEST_FIRST} LIMIT {limit}"""  # noqa: S608


def _merged(found: Wanted, column: str, many: int, limit: int) -> str:
    """The newest of many values: an ordered walk for each, where an IN list would sort all that there is of them.

    First a few rows of each value. `cut` is where the page would end with these; only a value whose few rows are all
    newer than that may have more for the page, and is walked on, as far as the cut.
    """
    few = 2 << (limit // many).bit_length()  # twice an even share or more; a power of two keeps the statements few
    first = _scan(found, f"AND c.{column} = wanted.value", few)
    more = _scan(
        found,
        f"""AND c.{column} = few.value AND (c.last_modified_date, c.id) < (few.last_modified_date, few.id)
            AND (c.last_modified_date, c.id) > (cut.last_modified_date, cut.id)""",
        limit + 1,
    )
    return f"""
        WITH few AS MATERIALIZED (
            SELECT wanted.value, row_number() OVER (PARTITION BY value ORDER BY {_NEWEST_FIRST}) AS place, c.*
            FROM unnest(%(many)s::text[]) AS wanted(value) CROSS JOIN LATERAL ({first}) AS c
        ), cut AS MATERIALIZED (
            (SELECT last_modified_date, id FROM few AS c ORDER BY {_NEWEST_FIRST} OFFSET {limit} LIMIT 1)
            UNION ALL SELECT '-infinity', 0 ORDER BY last_modified_date DESC LIMIT 1
        )
        SELECT c.* FROM (
            SELECT {_COLUMNS} FROM few AS c
            UNION ALL
            SELECT c.* FROM cut CROSS JOIN few CROSS JOIN LATERAL ({more}) AS c
            WHERE few.place = {few} AND (few.last_modified_date, few.id) > (cut.last_modified_date, cut.id)
        ) AS c ORDER BY {_NEWEST_FIRST} LIMIT {limit + 1}"""  # noqa: S608


def _after_sql(found: Wanted, query: Query, limit: int) -> str:
    dates = ""
    for name, comparison in (("since", ">="), ("until", "<")):
        if query[name]:
            dates += f" AND c.last_modified_date {comparison} %({name})s"
            found.values[name] = query[name].isoformat()
    if found.many is not None:
        column, found.values["many"] = found.many
        dates += f" AND c.{column} = ANY(%(many)s::text[])"
    page = f"""
        SELECT {_COLUMNS} FROM source_changes AS c
        WHERE c.team_id = %(team)s AND c.feed_position > %(after)s::bigint
            AND c.feed_position <= %(after)s::bigint + {WINDOW} {found.sql()} {dates}
        ORDER BY c.feed_position LIMIT {limit + 1}"""  # noqa: S608
    return _with_names(page, "c.feed_position")


def _with_names(page: str, order: str, beside: str = "NULL::jsonb") -> str:
    """The page with its orgs and people; the first row, which there always is, also has what stands `beside` it.

    The team's position comes in the same snapshot.
    """
    return f"""
        WITH page AS MATERIALIZED ({page})
        SELECT t.feed_position, CASE WHEN row_number() OVER (ORDER BY {order}) = 1 THEN ({beside}) END, c.*,
            o.org_id, o.org_name, o.alias, o.username, o.instance_url, p.username, p.name
        FROM teams AS t LEFT JOIN page AS c ON true
        LEFT JOIN scratch_orgs AS o ON o.id = c.scratch_org_id
        LEFT JOIN people AS p ON p.scratch_org_id = c.scratch_org_id AND p.user_id = c.changed_by
        WHERE t.id = %(team)s ORDER BY {order}"""  # noqa: S608


_POSITION, _ID, _LAST_MODIFIED = 0, 2, 9  # in the rows of _head


def _head(rows: list[tuple[Any, ...]]) -> tuple[int, list[dict[str, Any]], list[tuple[Any, ...]]]:
    """The team's position, the gaps, and the rows of the page, as _COLUMNS names them and with their org and person."""
    position, found = rows[0][:2]
    return position, [gaps.gap_json(**gap) for gap in found or ()], [row[2:] for row in rows if row[2] is not None]


def _changes(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [
        {
            "id": pk,
            "org": org_json(org_id, org_name, alias, username, url),
            "change_id": change_id,
            "member_type": member_type,
            "member_name": member_name,
            "change_type": change_type,
            "revision_num": revision_num,
            "changed_by": person_json(user_id, person_username, person),
            "last_modified_date": last_modified_date,
            "seen_at": seen_at,
            "is_bulk": is_bulk,
            "batch_id": batch_id,
        }
        for (
            _position, _org, pk, change_id, member_type, member_name, change_type, revision_num, user_id,
            last_modified_date, seen_at, is_bulk, batch_id, org_id, org_name, alias, username, url,
            person_username, person,
        ) in rows
    ]  # fmt: skip


def _refuse_pruned(team: Team, position: int, read: Read) -> None:
    """Raises Gone (410) when changes after this position may have been deleted by RETENTION_DAYS."""
    if not settings.RETENTION_DAYS or position in (0, team.feed_position):
        return
    statement = """SELECT feed_position FROM source_changes WHERE team_id = %(team)s ORDER BY feed_position LIMIT 1"""
    kept: list[tuple[Any, ...]] = read(statement, {"team": str(team.pk)})
    if not kept or position + 1 < kept[0][0]:
        raise Gone(
            f"changes older than {settings.RETENTION_DAYS} days are not kept: start without `after`",
            code="position_expired",
            details={"retention_days": settings.RETENTION_DAYS},
        )


def etag(team: Team, query: Query) -> str:
    """Another one as soon as the team's feed, its noise or the question is another."""
    told_by = orjson.dumps([team.pk, team.feed_position, team.noise_rules, query.filters, query["limit"]])
    return f'W/"{hashlib.blake2b(told_by, digest_size=12).hexdigest()}"'
