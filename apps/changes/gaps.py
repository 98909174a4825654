"""Spans, overlapping a page of the feed, in which an org was not watched: there may be edits that nobody saw."""

from typing import Any

from apps.changes.answers import org_json

MOST_GAPS = 50

# `page` is the feed's page, of which the row after the last tells how far down it reaches. A page of little may reach
# over years, with outages of thousands of orgs in them: only so many marks are looked at.
_GAPS = f"""
    SELECT jsonb_agg(gap) FROM (
        SELECT g.reason, g.from_at, g.to_at, o.org_id, o.org_name, o.alias, o.username, o.instance_url
        FROM (
            SELECT * FROM (
                SELECT g.id, g.scratch_org_id, g.reason, g.from_at, g.to_at
                FROM gap_marks AS g, (
                    SELECT coalesce((
                        SELECT last_modified_date FROM page ORDER BY last_modified_date DESC, id DESC
                        OFFSET {{limit}} LIMIT 1
                    ), %(since)s) AS oldest, %(before)s::timestamptz AS newest
                ) AS span
                WHERE g.team_id = %(team)s {{narrower}}
                    AND tstzrange(least(g.from_at, g.to_at), greatest(g.from_at, g.to_at), '[]')
                        && tstzrange(least(oldest, newest), newest, '[]')
                LIMIT {20 * MOST_GAPS}
            ) AS g ORDER BY g.to_at DESC, g.id DESC LIMIT {MOST_GAPS}
        ) AS g JOIN scratch_orgs AS o ON o.id = g.scratch_org_id ORDER BY g.to_at DESC, g.id DESC
    ) AS gap"""  # noqa: S608


def beside_page(limit: int, *, one_org: bool) -> str:
    """SQL of one JSON value, to stand beside a CTE `page` of `limit` + 1 rows; its values are the page's own."""
    return _GAPS.format(limit=limit, narrower="AND g.scratch_org_id = %(scratch_org_id)s" if one_org else "")


def gap_json(
    *, reason: str, from_at: str, to_at: str, org_id: str, org_name: str, alias: str, username: str, instance_url: str
) -> dict[str, Any]:
    """The times come as PostgreSQL writes them into JSON, in the connection's time zone, which is UTC."""
    return {
        "org": org_json(org_id, org_name, alias, username, instance_url),
        "reason": reason,
        "from": from_at.replace("+00:00", "Z"),
        "to": to_at.replace("+00:00", "Z"),
        "message": _sentence(reason, alias or org_name or username, _minute(from_at), _minute(to_at)),
    }


def _sentence(reason: str, org: str, from_minute: str, to_minute: str) -> str:
    span = f"from {from_minute} to {to_minute} UTC"
    if reason == "tracking_reset":
        return f"source tracking of {org} was reset {span}: edits in that time may be missing"
    return f"{org} was not watched {span}: only the last state is known, and each change stands for at least one edit"


def _minute(at: str) -> str:
    return at[: len("2026-11-21T09:30")].replace("T", " ")
