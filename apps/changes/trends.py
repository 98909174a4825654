"""How much was changed, counted by day, type or kind from the daily rollup, by org or person from the changes.

Counts include what the team's noise rules hide from the feed: the rollup knows types, not names.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from apps.accounts.models import Team
from apps.changes.answers import org_json
from apps.changes.bounded import Read, bounded_reads
from apps.changes.filters import wanted
from apps.core.errors import InvalidInput
from apps.core.query import Query

DEFAULT_DAYS = 30
MOST_DAYS = 366
MOST_DAYS_OF_CHANGES = 31  # where changes are counted one by one

_DAY = "(c.last_modified_date AT TIME ZONE 'UTC')::date"
BY: dict[str, tuple[str, ...]] = {
    "day_and_type": ("day", "member_type"),
    "day": ("day",),
    "member_type": ("member_type",),
    "change_type": ("change_type",),
    "org": ("org",),
    "person": ("person",),
}
ONE_BY_ONE = ("org", "member_name", "changed_by")  # filters that only the changes themselves can answer


def counts(team: Team, query: Query) -> tuple[list[dict[str, Any]], date, date]:
    """The counts, and the days from (included) and to (not included) which they cover. Raises InvalidInput (400)."""
    by = query["by"]
    from_rollup = by not in ("org", "person") and all(query[name] is None for name in ONE_BY_ONE)
    since, until = _span(query, MOST_DAYS if from_rollup else MOST_DAYS_OF_CHANGES)
    count: Callable[..., list[dict[str, Any]]] = _from_rollup if from_rollup else _from_changes
    with bounded_reads() as read:
        return count(team, query, read, since, until), since, until


def _span(query: Query, most_days: int) -> tuple[date, date]:
    until = query["until"] or timezone.now().date() + timedelta(days=1)
    since = query["since"] or until - timedelta(days=min(DEFAULT_DAYS, most_days))
    if not timedelta(0) < until - since <= timedelta(days=most_days):
        raise InvalidInput(
            f"until must be 1 to {most_days} days after since",
            code="invalid_value",
            details={"field": "since", "most_days": most_days},
        )
    return since, until


def _from_rollup(team: Team, query: Query, read: Read, since: date, until: date) -> list[dict[str, Any]]:
    values = {"team": str(team.pk), "since": since.isoformat(), "until": until.isoformat()}
    narrower = ""
    for name in ("member_type", "change_type"):
        if query[name] is not None:
            narrower += f" AND {name} = %({name})s"
            values[name] = query[name]
    columns = BY[query["by"]]
    grouped = ", ".join(columns)
    rows = read(
        f"""SELECT {grouped}, sum(count)::bigint FROM daily_change_counts
        WHERE team_id = %(team)s AND day >= %(since)s AND day < %(until)s {narrower}
        GROUP BY {grouped} ORDER BY {grouped}""",  # noqa: S608
        values,
    )
    return [dict(zip((*columns, "count"), row, strict=True)) for row in rows]


_BY_ORG = """
    SELECT o.org_id, o.org_name, o.alias, o.username, o.instance_url, n
    FROM (SELECT c.scratch_org_id, count(*) AS n {changes} GROUP BY 1) AS c
    JOIN scratch_orgs AS o ON o.id = c.scratch_org_id ORDER BY n DESC, o.id"""

# The same person has another user id in each org; the name is what they share.
_BY_PERSON = """
    SELECT coalesce(p.name, c.changed_by) AS person, sum(n)::bigint AS n
    FROM (SELECT c.scratch_org_id, c.changed_by, count(*) AS n {changes} GROUP BY 1, 2) AS c
    LEFT JOIN people AS p ON p.scratch_org_id = c.scratch_org_id AND p.user_id = c.changed_by
    GROUP BY 1 ORDER BY n DESC, person"""


def _from_changes(team: Team, query: Query, read: Read, since: date, until: date) -> list[dict[str, Any]]:
    found = wanted(team, query, read, hide_noise=False)
    if found.nothing:
        return []
    found.values.update(since=f"{since.isoformat()} UTC", until=f"{until.isoformat()} UTC")
    conditions = found.sql()
    if found.many is not None:
        column, found.values["many"] = found.many
        conditions += f" AND c.{column} = ANY(%(many)s::text[])"
    changes = f"""FROM source_changes AS c WHERE c.team_id = %(team)s AND c.last_modified_date >= %(since)s
        AND c.last_modified_date < %(until)s {conditions}"""
    if query["by"] == "org":
        rows = read(_BY_ORG.format(changes=changes), found.values)
        return [{"org": org_json(*org), "count": count} for *org, count in rows]
    if query["by"] == "person":
        rows = read(_BY_PERSON.format(changes=changes), found.values)
        return [{"person": person, "count": count} for person, count in rows]
    columns = BY[query["by"]]
    grouped = ", ".join(_DAY if column == "day" else f"c.{column}" for column in columns)
    rows = read(f"SELECT {grouped}, count(*) {changes} GROUP BY {grouped} ORDER BY {grouped}", found.values)
    return [dict(zip((*columns, "count"), row, strict=True)) for row in rows]
