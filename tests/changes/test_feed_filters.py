"""GET /api/changes: filters, one by one and together, and what is refused."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import Team
from apps.changes.filters import MOST_VALUES
from apps.changes.models import Person, SourceChange
from apps.orgs.models import ScratchOrg
from tests.changes.walking import follow, get, refused, walk
from tests.conftest import Cast, key_client
from tests.factories import (
    FIRST_EDIT,
    DevHubFactory,
    PersonFactory,
    ScratchOrgFactory,
    SourceChangeFactory,
    TeamFactory,
    salesforce_id,
)

URL = "/api/changes"
ANA, BEN = salesforce_id("005", 7), salesforce_id("005", 8)


def found(cast: Cast, **query: Any) -> list[int]:
    return sorted(row["id"] for row in get(cast.alice.client, URL, **query)["changes"])


@pytest.fixture
def org(cast: Cast) -> ScratchOrg:
    org: ScratchOrg = ScratchOrgFactory(dev_hub__team=cast.team)
    return org


def test_an_org_goes_by_its_id_of_15_or_18_characters_or_its_username(cast: Cast, org: ScratchOrg) -> None:
    change = SourceChangeFactory(scratch_org=org)
    SourceChangeFactory(scratch_org__dev_hub=org.dev_hub)

    for named in (org.org_id, org.org_id[:15], org.username):
        assert found(cast, org=named) == [change.pk], named


def test_an_org_of_another_team_is_as_unknown_as_none(cast: Cast, org: ScratchOrg) -> None:
    for named in (org.org_id, org.username, "nobody@example.com", salesforce_id("00D", 999)):
        assert refused(cast.charlie.client, URL, org=named) == (400, "unknown_org", {"field": "org"})


def test_type_and_kind_are_exact(cast: Cast, org: ScratchOrg) -> None:
    change = SourceChangeFactory(scratch_org=org, member_type="ApexClass", change_type="DELETE")
    other = SourceChangeFactory(scratch_org=org, member_type="ApexTrigger", change_type="NEW")

    assert found(cast, member_type="ApexClass") == [change.pk]
    assert found(cast, member_type="Apex") == []
    assert found(cast, change_type="NEW") == [other.pk]


def test_a_name_is_exact_and_a_star_at_its_end_makes_it_a_prefix(cast: Cast, org: ScratchOrg) -> None:
    ids = {
        name: SourceChangeFactory(scratch_org=org, member_name=name).pk
        for name in ("Acc", "Account", "Account__c", "account", "Äcc", "Acc%", "Bcc", "Acb")
    }

    assert found(cast, member_name="Account") == [ids["Account"]]
    assert found(cast, member_name="Acc*") == sorted(ids[name] for name in ("Acc", "Account", "Account__c", "Acc%"))
    assert found(cast, member_name="Ä*") == [ids["Äcc"]]
    assert found(cast, member_name="Acc%*") == [ids["Acc%"]]
    assert found(cast, member_name="Zz*") == []
    assert found(cast, member_name="*") == sorted(ids.values())


def test_a_prefix_of_too_many_names_is_refused(cast: Cast, org: ScratchOrg) -> None:
    for number in range(MOST_VALUES):
        SourceChangeFactory(scratch_org=org, member_name=f"Class{number}")
    SourceChangeFactory(scratch_org=org, member_name="Class1", change_type="DELETE")
    assert len(found(cast, member_name="Class*", limit=1000)) == MOST_VALUES + 1

    SourceChangeFactory(scratch_org=org, member_name="Classy")

    details = {"field": "member_name", "most": MOST_VALUES}
    assert refused(cast.alice.client, URL, member_name="Class*") == (400, "too_many_values", details)
    assert refused(cast.alice.client, URL, member_name="Class*", after=0) == (400, "too_many_values", details)


def test_a_person_goes_by_id_username_or_name_over_all_orgs(cast: Cast, org: ScratchOrg) -> None:
    second = ScratchOrgFactory(dev_hub=org.dev_hub)
    PersonFactory(scratch_org=org, user_id=ANA, username="ana@one.example", name="Ana Ruiz")
    PersonFactory(scratch_org=second, user_id=BEN, username="ana@two.example", name="Ana Ruiz")
    one = SourceChangeFactory(scratch_org=org, changed_by=ANA)
    two = SourceChangeFactory(scratch_org=second, changed_by=BEN)
    SourceChangeFactory(scratch_org=org, changed_by=salesforce_id("005", 9))

    assert found(cast, changed_by="Ana Ruiz") == [one.pk, two.pk]
    assert found(cast, changed_by="Ana Ruiz", org=org.org_id) == [one.pk]
    assert found(cast, changed_by="ana@two.example") == [two.pk]
    assert found(cast, changed_by=ANA) == found(cast, changed_by=ANA[:15]) == [one.pk]
    assert found(cast, changed_by="Nobody") == []
    told_by_name = SourceChangeFactory(scratch_org=org, changed_by="Cem Kaya")
    assert found(cast, changed_by="Cem Kaya") == [told_by_name.pk]
    assert found(cast, changed_by="005") == []


def test_a_name_that_another_team_knows_too_finds_only_ours(cast: Cast, org: ScratchOrg) -> None:
    PersonFactory(scratch_org__dev_hub__team=cast.other_team, user_id=ANA, name="Ana Ruiz")
    SourceChangeFactory(scratch_org=org, changed_by=ANA)

    assert found(cast, changed_by="Ana Ruiz") == []


def test_a_name_that_too_many_users_have_is_refused(cast: Cast, org: ScratchOrg) -> None:
    people = [Person(scratch_org=org, user_id=salesforce_id("005", n), name="User User") for n in range(201)]
    Person.objects.bulk_create(people[:MOST_VALUES])
    assert found(cast, changed_by="User User") == []

    people[-1].save()

    details = {"field": "changed_by", "most": MOST_VALUES}
    assert refused(cast.alice.client, URL, changed_by="User User") == (400, "too_many_values", details)


def test_since_is_included_and_until_is_not(cast: Cast, org: ScratchOrg) -> None:
    ids = [
        SourceChangeFactory(scratch_org=org, last_modified_date=FIRST_EDIT + timedelta(hours=n)).pk for n in range(4)
    ]

    assert found(cast, since="2026-03-02T10:00:00Z", until="2026-03-02T12:00:00Z") == ids[1:3]
    assert found(cast, since="2026-03-02T11:00:00+01:00") == ids[1:]
    assert found(cast, until="2026-03-02T09:00:00Z") == []
    assert found(cast, since="2026-03-03", until="2026-03-02") == []
    assert found(cast, after=0, since="2026-03-02T10:00:00Z", until="2026-03-02T12:00:00Z") == ids[1:3]


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"colour": "red"}, "unknown_parameter", "colour"),
        ({"limit": "0"}, "invalid_value", "limit"),
        ({"limit": "1001"}, "invalid_value", "limit"),
        ({"limit": "ten"}, "invalid_value", "limit"),
        ({"change_type": "EDIT"}, "invalid_value", "change_type"),
        ({"since": "yesterday"}, "invalid_value", "since"),
        ({"until": "2026-02-30"}, "invalid_value", "until"),
        ({"member_name": ""}, "invalid_value", "member_name"),
        ({"member_type": "A\x00B"}, "invalid_value", "member_type"),
        ({"after": "-1"}, "invalid_value", "after"),
        ({"after": "9" * 19}, "invalid_value", "after"),
        ({"after": "0", "cursor": "x"}, "invalid_value", "cursor"),
    ],
)
def test_what_is_unknown_is_refused_by_name(cast: Cast, query: dict[str, str], code: str, field: str) -> None:
    status, told, details = refused(cast.alice.client, URL, **query)

    assert (status, told, details["field"]) == (400, code, field)


@pytest.mark.django_db(transaction=True)
def test_what_takes_over_two_seconds_is_too_broad(cast: Cast, org: ScratchOrg) -> None:
    """Here it waits for a lock; the server's clock is the same for a scan that takes too long."""
    SourceChangeFactory(scratch_org=org)
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("LOCK TABLE source_changes")

        told = refused(cast.alice.key_client, URL, member_type="ApexClass")

    assert told == (400, "too_broad", {"fields": ["since", "until"]})
    assert len(get(cast.alice.key_client, URL, member_type="ApexClass")["changes"]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_connection_outlives_more_questions_than_it_keeps_prepared_and_refusals(cast: Cast, org: ScratchOrg) -> None:
    """psycopg keeps 100 statements a connection, and forgets them all when one was rolled back."""
    SourceChangeFactory(scratch_org=org)
    client = cast.alice.key_client
    for _ in range(2):
        for limit in range(1, 130):
            assert len(get(client, URL, limit=limit)["changes"]) == 1
        assert refused(client, URL, org="nobody@example.com")[1] == "unknown_org"


NAMES = ("Aa", "Ab", "Abc", "B")
# User n belongs to org n % 3, as a user id belongs to one org; nobody knows who user 5 is.
PEOPLE = {"Ana": range(3), "Ben": range(3, 5)}
EDITS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["ApexClass", "Profile"]),
        st.sampled_from(NAMES),
        st.integers(0, 1),
        st.sampled_from(["NEW", "CHANGE", "DELETE"]),
        st.integers(0, 12),
    ),
    max_size=40,
)
QUERY = st.fixed_dictionaries(
    {},
    optional={
        "org": st.integers(0, 2),
        "member_type": st.sampled_from(["ApexClass", "Profile"]),
        "member_name": st.sampled_from([*NAMES, "A*", "Ab*", "*"]),
        "changed_by": st.sampled_from(["Ana", "Ben", salesforce_id("005", 5)]),
        "change_type": st.sampled_from(["NEW", "CHANGE", "DELETE"]),
        "since": st.integers(0, 12),
        "until": st.integers(0, 12),
    },
)


def at(minute: int) -> str:
    return (FIRST_EDIT + timedelta(minutes=minute)).isoformat()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS, query=QUERY, limit=st.integers(1, 9), noise=st.sampled_from(["", "Profile:Ab", "*:Ab*"]))
def test_any_filters_together_find_what_a_plain_loop_finds(
    db: None, edits: list[tuple[Any, ...]], query: dict[str, Any], limit: int, noise: str
) -> None:
    team: Team = TeamFactory(noise_rules=noise, feed_position=len(edits))
    hub = DevHubFactory(team=team)
    orgs: list[Any] = [ScratchOrgFactory(dev_hub=hub) for _ in range(3)]
    for name, users in PEOPLE.items():
        for user in users:
            PersonFactory(scratch_org=orgs[user % 3], user_id=salesforce_id("005", user), name=name)
    rows = [
        SourceChange(
            team=team, scratch_org=orgs[o], feed_position=n, change_id=salesforce_id("0MZ", n), member_type=t,
            member_name=name, revision_num=n, changed_by=salesforce_id("005", o + 3 * u), change_type=kind,
            last_modified_date=FIRST_EDIT + timedelta(minutes=minute),
        )
        for n, (o, t, name, u, kind, minute) in enumerate(edits, start=1)
    ]  # fmt: skip
    SourceChange.objects.bulk_create(rows)

    fitting = [row for row in rows if fits(row, query, orgs) and not hidden(row, noise)]
    sent = {key: value for key, value in query.items() if key not in ("org", "since", "until")}
    sent |= {key: at(query[key]) for key in ("since", "until") if key in query}
    sent |= {"org": orgs[query["org"]].username} if "org" in query else {}
    client = key_client(team)
    newest = sorted(fitting, key=lambda row: (row.last_modified_date, row.pk), reverse=True)
    assert [row["id"] for row in walk(client, URL, "changes", limit=limit, **sent)] == [row.pk for row in newest]
    followed, position = follow(client, 0, limit=limit, **sent)
    assert [row["id"] for row in followed] == [row.pk for row in fitting]
    assert position == len(edits)


def fits(row: SourceChange, query: dict[str, Any], orgs: Sequence[ScratchOrg]) -> bool:
    minute = (row.last_modified_date - FIRST_EDIT) / timedelta(minutes=1)
    name, person = query.get("member_name", "*"), query.get("changed_by", "")
    users = [salesforce_id("005", user) for user in PEOPLE.get(person, ())] or [person]
    return (
        ("org" not in query or row.scratch_org == orgs[query["org"]])
        and query.get("member_type", row.member_type) == row.member_type
        and query.get("change_type", row.change_type) == row.change_type
        and (row.member_name.startswith(name[:-1]) if name.endswith("*") else row.member_name == name)
        and (not person or row.changed_by in users)
        and query.get("since", 0) <= minute < query.get("until", 99)
    )


def hidden(row: SourceChange, noise: str) -> bool:
    if noise == "Profile:Ab":
        return (row.member_type, row.member_name) == ("Profile", "Ab")
    return noise == "*:Ab*" and row.member_name.startswith("Ab")
