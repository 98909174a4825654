"""What was asked for, as conditions on `source_changes AS c` that an index can follow.

A person or a prefix stands for several values: they are resolved first, to at most MOST_VALUES.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.accounts.models import Team
from apps.changes import noise
from apps.changes.bounded import Read
from apps.changes.models import ChangeType
from apps.core.errors import InvalidInput
from apps.core.query import Param, Query, choice, moment, text
from apps.salesforce.records import to_18

MOST_VALUES = 200
USER_ID_PREFIX = "005"

FILTERS: tuple[Param, ...] = (
    text("org", "Only this scratch org: its id (15 or 18 characters) or its username."),
    text("member_type", "Only this metadata type, e.g. `ApexClass`."),
    text("member_name", f"Only this component; a prefix with `*` at its end fits up to {MOST_VALUES} names."),
    text("changed_by", f"Only this person: a user id, a username or a name, of up to {MOST_VALUES} users."),
    choice("change_type", "Only this kind.", ChangeType.values),
    moment("since", "Changed at this time or later."),
    moment("until", "Changed before this time."),
)


@dataclass
class Wanted:
    """`conditions`: SQL, each beginning with AND; `many`: the column that may have one of several values, with them.

    `nothing`: no row can fit.
    """

    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    many: tuple[str, list[str]] | None = None
    nothing: bool = False

    def sql(self) -> str:
        return " ".join(self.conditions)

    def equals(self, column: str, value: str) -> None:
        self.conditions.append(f"AND c.{column} = %({column})s")
        self.values[column] = value

    def one_of(self, column: str, values: Sequence[str]) -> None:
        if not values:
            self.nothing = True
        elif len(values) == 1:
            self.equals(column, values[0])
        elif self.many is None:
            self.many = (column, list(values))
        else:
            self.conditions.append(f"AND c.{column} = ANY(%({column})s::text[])")
            self.values[column] = list(values)


def wanted(team: Team, query: Query, read: Read, *, hide_noise: bool = True) -> Wanted:
    """Raises InvalidInput (400), which names the filter, for an unknown org and for too many names or users."""
    found = Wanted(values={"team": str(team.pk)})
    org = query["org"] and _org(team, query["org"], read)
    if org:
        found.equals("scratch_org_id", org)
    for column in ("member_type", "change_type"):
        if query[column] is not None:
            found.equals(column, query[column])
    names = None if query["member_name"] is None else _names(team, query["member_name"], read)
    if names is not None:
        found.one_of("member_name", names)
    if query["changed_by"] is not None:
        found.one_of("changed_by", _users(team, query["changed_by"], org, read))
    if hide_noise:
        hidden, values = noise.as_sql(team.noise_rules, "c")
        found.conditions.append(hidden)
        found.values.update(values)
        # A walk would pass every row of it before it ends with none.
        if query["member_type"] is not None and noise.hides_all(team.noise_rules, query["member_type"], names):
            found.nothing = True
    return found


_ORG = """
    SELECT id FROM scratch_orgs WHERE team_id = %(team)s AND (org_id = %(org_id)s OR username = %(username)s)
    ORDER BY id DESC LIMIT 1"""


def _org(team: Team, named: str, read: Read) -> str:
    """As `orgs.finding.find_org` finds it, without the whole row."""
    try:
        values = {"org_id": to_18(named), "username": None}
    except ValueError:
        values = {"org_id": None, "username": named}
    for (pk,) in read(_ORG, {"team": str(team.pk), **values}):
        return str(pk)
    raise InvalidInput(
        "org: there is no such scratch org; name it by its id (15 or 18 characters) or its username",
        code="unknown_org",
        details={"field": "org"},
    )


# One look into the index for each name, however many revisions it has. Names are collated "C".
_NAMES = f"""
    WITH RECURSIVE names(name) AS (
        (SELECT member_name FROM source_changes WHERE team_id = %(team)s AND member_name >= %(prefix)s
         ORDER BY member_name LIMIT 1)
        UNION ALL
        SELECT (SELECT member_name FROM source_changes WHERE team_id = %(team)s AND member_name > names.name
                ORDER BY member_name LIMIT 1)
        FROM names WHERE starts_with(names.name, %(prefix)s)
    )
    SELECT name FROM names WHERE starts_with(name, %(prefix)s) LIMIT {MOST_VALUES + 1}"""  # noqa: S608


def _names(team: Team, asked: str, read: Read) -> list[str]:
    if not asked.endswith("*"):
        return [asked]
    names = [name for (name,) in read(_NAMES, {"team": str(team.pk), "prefix": asked[:-1]})]
    return _few("member_name", "names", names)


_USERS = f"""
    SELECT DISTINCT user_id FROM (
        SELECT user_id, scratch_org_id FROM people WHERE username = %(person)s
        UNION ALL SELECT user_id, scratch_org_id FROM people WHERE name = %(person)s
    ) AS person JOIN scratch_orgs AS o ON o.id = scratch_org_id
    WHERE o.team_id = %(team)s AND (%(org)s::bigint IS NULL OR o.id = %(org)s::bigint) LIMIT {MOST_VALUES + 1}"""  # noqa: S608


def _users(team: Team, asked: str, org: str | None, read: Read) -> list[str]:
    if asked.startswith(USER_ID_PREFIX):
        try:
            return [to_18(asked)]
        except ValueError:
            pass  # a name that begins like an id
    users = [user for (user,) in read(_USERS, {"person": asked, "team": str(team.pk), "org": org})]
    return _few("changed_by", "users", users) or [asked]  # Salesforce calls ChangedBy a name


def _few(name: str, what: str, values: list[str]) -> list[str]:
    if len(values) > MOST_VALUES:
        raise InvalidInput(
            f"{name} fits more than {MOST_VALUES} {what}: be more precise",
            code="too_many_values",
            details={"field": name, "most": MOST_VALUES},
        )
    return values
