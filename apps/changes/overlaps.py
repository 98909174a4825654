"""The overlap radar: components that were lately edited in two or more active orgs of one DevHub.

What counts is a component's last edit in each org: somebody's own, neither baseline nor part of a bulk deployment; a
deletion is one too (`tracked_components.edited_at`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from apps.accounts.models import Team
from apps.changes import noise
from apps.changes.answers import org_json, person_json
from apps.changes.bounded import bounded_reads
from apps.core import keyset
from apps.core.query import Query
from apps.orgs.models import ScratchOrg

DOOR = "overlaps"
MOST_ORGS = 100  # listed of one component, the latest editors first; org_count and distinct_people count all

# The index tracked_components_edited holds all that the grouping needs, in its order. IS TRUE keeps the planner from
# turning the look-up of active orgs into a walk through each of them. A row for each of a component's orgs follows.
_OVERLAPS = f"""
    WITH overlap AS MATERIALIZED (
        SELECT t.dev_hub_id, t.member_type, t.member_name, max(t.edited_at) AS newest
        FROM tracked_components AS t
        WHERE t.team_id = %(team)s AND t.edited_at >= now() - make_interval(days => %(days)s::int)
            AND (t.scratch_org_id IN (
                SELECT id FROM scratch_orgs WHERE team_id = %(team)s AND status = '{ScratchOrg.Status.ACTIVE.value}'
            )) IS TRUE {{narrower}}
        GROUP BY t.dev_hub_id, t.member_type, t.member_name
        HAVING count(*) > 1 {{below}}
        ORDER BY newest DESC, t.dev_hub_id DESC, t.member_type DESC, t.member_name DESC LIMIT {{limit}}
    )
    SELECT overlap.*, hub.name, t.edited_at, t.edit_type, o.org_id, o.org_name, o.alias, o.username, o.instance_url,
        t.edited_by, p.username, p.name
    FROM overlap JOIN dev_hubs AS hub ON hub.id = overlap.dev_hub_id
    JOIN tracked_components AS t ON t.team_id = %(team)s AND t.dev_hub_id = overlap.dev_hub_id
        AND t.member_type = overlap.member_type AND t.member_name = overlap.member_name
        AND t.edited_at >= now() - make_interval(days => %(days)s::int)
    JOIN scratch_orgs AS o ON o.id = t.scratch_org_id AND o.status = '{ScratchOrg.Status.ACTIVE.value}'
    LEFT JOIN people AS p ON p.scratch_org_id = t.scratch_org_id AND p.user_id = t.edited_by
    ORDER BY newest DESC, overlap.dev_hub_id DESC, overlap.member_type DESC, overlap.member_name DESC,
        t.edited_at DESC, o.id DESC"""  # noqa: S608

_BELOW = """AND (max(t.edited_at), t.dev_hub_id, t.member_type, t.member_name)
    < (%(newest)s, %(hub)s, %(type)s, %(name)s)"""


@dataclass(frozen=True)
class Overlaps:
    overlaps: list[dict[str, Any]]
    next: str | None


def overlaps(team: Team, query: Query) -> Overlaps:
    """One page, the latest edited first. Raises InvalidInput (400) for a cursor of another question."""
    narrower, values = noise.as_sql(team.noise_rules, "t")
    values = values | {"team": str(team.pk), "days": str(query["days"])}
    if query["dev_hub"] is not None:
        narrower += " AND t.dev_hub_id = %(dev_hub)s"
        values["dev_hub"] = str(query["dev_hub"])
    position = keyset.position(DOOR, team.pk, query)
    if position is not None:
        values |= dict(zip(("newest", "hub", "type", "name"), map(str, position), strict=True))
    statement = _OVERLAPS.format(narrower=narrower, below=_BELOW if position else "", limit=query["limit"] + 1)
    with bounded_reads() as read:
        rows = read(statement, values)
    found = [_overlap(component, editors) for component, editors in groupby(rows, key=lambda row: row[:5])]
    following = None
    if len(found) > query["limit"]:
        found.pop()
        last = found[-1]
        following = keyset.cursor(
            DOOR,
            team.pk,
            query,
            [last["last_edited_at"], last["dev_hub"]["id"], last["member_type"], last["member_name"]],
        )
    return Overlaps(found, following)


def _overlap(component: tuple[Any, ...], editors: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    hub_id, member_type, member_name, newest, hub = component
    edits = [
        {
            "org": org_json(*row[7:12]),
            "changed_by": person_json(*row[12:15]),
            "change_type": row[6],
            "edited_at": row[5],
        }
        for row in editors
    ]
    people = {edit["changed_by"]["name"] or edit["changed_by"]["id"] for edit in edits}
    return {
        "dev_hub": {"id": hub_id, "name": hub},
        "member_type": member_type,
        "member_name": member_name,
        "last_edited_at": newest,
        "org_count": len(edits),
        "distinct_people": len(people),
        "orgs": edits[:MOST_ORGS],
    }
