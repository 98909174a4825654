"""What an org holds now, as far as its source tracking told: every component once, baseline too."""

from typing import Any

from apps.accounts.models import Team
from apps.changes.answers import person_json
from apps.changes.bounded import bounded_reads
from apps.core import keyset
from apps.core.query import Query
from apps.orgs.models import ScratchOrg

DOOR = "components"

# By the index of tracked_components_once, in its order
_COMPONENTS = """
    WITH component AS MATERIALIZED (
        SELECT * FROM tracked_components AS t WHERE t.scratch_org_id = %(org)s {narrower}
        ORDER BY t.member_type, t.member_name LIMIT {limit}
    )
    SELECT t.member_type, t.member_name, t.change_id, t.revision_num, t.last_modified_date, t.is_deleted, t.is_baseline,
        t.edited_at, t.edit_type, t.changed_by, p.username, p.name, t.edited_by, e.username, e.name
    FROM component AS t
    LEFT JOIN people AS p ON p.scratch_org_id = t.scratch_org_id AND p.user_id = t.changed_by
    LEFT JOIN people AS e ON e.scratch_org_id = t.scratch_org_id AND e.user_id = t.edited_by
    ORDER BY t.member_type, t.member_name"""


def components(team: Team, org: ScratchOrg, query: Query) -> tuple[list[dict[str, Any]], str | None]:
    """One page by type and name, and the cursor of the next. Raises InvalidInput (400) for a foreign cursor."""
    door = f"{DOOR} {org.pk}"
    narrower, values = "", {"org": str(org.pk)}
    for name, column in (("member_type", "member_type"), ("deleted", "is_deleted"), ("baseline", "is_baseline")):
        if query[name] is not None:
            narrower += f" AND t.{column} = %({name})s"
            values[name] = str(query[name])
    position = keyset.position(door, team.pk, query)
    if position is not None:
        narrower += " AND (t.member_type, t.member_name) > (%(after_type)s, %(after_name)s)"
        values["after_type"], values["after_name"] = position
    with bounded_reads() as read:
        rows = read(_COMPONENTS.format(narrower=narrower, limit=query["limit"] + 1), values)
    following = None
    if len(rows) > query["limit"]:
        rows.pop()
        following = keyset.cursor(door, team.pk, query, list(rows[-1][:2]))
    return [_component(row) for row in rows], following


def _component(row: tuple[Any, ...]) -> dict[str, Any]:
    member_type, member_name, change_id, revision_num, at, deleted, baseline, edited_at, edit_type, *people = row
    edit = None
    if edited_at is not None:
        edit = {"at": edited_at, "change_type": edit_type, "changed_by": person_json(*people[3:])}
    return {
        "member_type": member_type,
        "member_name": member_name,
        "change_id": change_id,
        "revision_num": revision_num,
        "changed_by": person_json(*people[:3]),
        "last_modified_date": at,
        "is_deleted": deleted,
        "is_baseline": baseline,
        "last_edit": edit,
    }
