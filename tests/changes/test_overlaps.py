"""GET /api/overlaps: one component, lately edited in two or more active orgs of one DevHub."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import Team
from apps.changes.models import TrackedComponent
from apps.orgs.models import DevHub, ScratchOrg
from tests.changes.walking import get, refused, walk
from tests.conftest import Cast, key_client
from tests.factories import (
    DevHubFactory,
    PersonFactory,
    ScratchOrgFactory,
    TeamFactory,
    TrackedComponentFactory,
    salesforce_id,
)

URL = "/api/overlaps"
ANA, BEN = salesforce_id("005", 7), salesforce_id("005", 8)


@pytest.fixture
def hub(cast: Cast) -> DevHub:
    hub: DevHub = DevHubFactory(team=cast.team, name="Production")
    return hub


def edited(org: ScratchOrg, name: str = "Shared", days_ago: float = 1, **values: Any) -> TrackedComponent:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    component: TrackedComponent = TrackedComponentFactory(
        scratch_org=org, member_name=name, last_modified_date=at, **values
    )
    return component


def found(cast: Cast, **query: Any) -> list[str]:
    return [each["member_name"] for each in get(cast.alice.client, URL, **query)["overlaps"]]


def test_an_overlap_tells_who_edited_it_when_and_where(cast: Cast, hub: DevHub) -> None:
    one, two = ScratchOrgFactory.create_batch(2, dev_hub=hub)
    PersonFactory(scratch_org=one, user_id=ANA, username="ana@one.example", name="Ana Ruiz")
    PersonFactory(scratch_org=two, user_id=BEN, username="ben@two.example", name="Ben Ito")
    early = edited(one, days_ago=3, changed_by=ANA)
    late = edited(two, days_ago=2, changed_by=BEN, edit_type="DELETE", is_deleted=True)
    edited(one, "Alone")

    [overlap] = get(cast.bob.client, URL)["overlaps"]

    def stamp(at: datetime | None) -> str:
        assert at is not None
        return at.isoformat().replace("+00:00", "Z")

    def org_json(org: ScratchOrg) -> dict[str, str]:
        names = {"name": org.org_name, "alias": org.alias, "username": org.username, "url": org.instance_url}
        return {"org_id": org.org_id, **names}

    assert overlap == {
        "dev_hub": {"id": hub.pk, "name": "Production"},
        "member_type": "ApexClass",
        "member_name": "Shared",
        "last_edited_at": stamp(late.edited_at),
        "org_count": 2,
        "distinct_people": 2,
        "orgs": [
            {
                "org": org_json(two),
                "changed_by": {"id": BEN, "username": "ben@two.example", "name": "Ben Ito"},
                "change_type": "DELETE",
                "edited_at": stamp(late.edited_at),
            },
            {
                "org": org_json(one),
                "changed_by": {"id": ANA, "username": "ana@one.example", "name": "Ana Ruiz"},
                "change_type": "CHANGE",
                "edited_at": stamp(early.edited_at),
            },
        ],
    }


def test_one_person_in_two_orgs_is_one_person(cast: Cast, hub: DevHub) -> None:
    one, two, three = ScratchOrgFactory.create_batch(3, dev_hub=hub)
    PersonFactory(scratch_org=one, user_id=ANA, name="Ana Ruiz")
    PersonFactory(scratch_org=two, user_id=BEN, name="Ana Ruiz")
    edited(one, changed_by=ANA)
    edited(two, changed_by=BEN)
    assert get(cast.alice.client, URL)["overlaps"][0]["distinct_people"] == 1

    edited(three, changed_by=salesforce_id("005", 9))

    assert get(cast.alice.client, URL)["overlaps"][0]["distinct_people"] == 2, "an unknown person counts by id"


def test_what_nobody_edited_lately_themselves_does_not_count(cast: Cast, hub: DevHub) -> None:
    one, two = ScratchOrgFactory.create_batch(2, dev_hub=hub)
    others: dict[str, dict[str, Any]] = {
        "Baseline": {"is_baseline": True, "edited_at": None},
        "Bulk": {"edited_at": None},
        "Old": {"days_ago": 15},
    }
    for name, other in others.items():
        edited(one, name)
        edited(two, name, **other)

    assert found(cast) == []
    assert found(cast, days=16) == ["Old"]


def test_ended_orgs_and_other_hubs_do_not_count(cast: Cast, hub: DevHub) -> None:
    one, two = ScratchOrgFactory.create_batch(2, dev_hub=hub)
    other_hub = DevHubFactory(team=cast.team)
    for org in (one, ScratchOrgFactory(dev_hub=hub, status="Deleted"), ScratchOrgFactory(dev_hub=other_hub)):
        edited(org)
    assert found(cast) == []

    edited(two)

    assert found(cast) == ["Shared"]
    assert get(cast.alice.client, URL)["overlaps"][0]["org_count"] == 2
    assert found(cast, dev_hub=hub.pk) == ["Shared"]
    assert found(cast, dev_hub=other_hub.pk) == []
    assert walk(cast.charlie.client, URL, "overlaps", dev_hub=hub.pk) == []


def test_noise_does_not_count(cast: Cast, hub: DevHub) -> None:
    cast.team.noise_rules = "Profile:Admin\n*:Temp*"
    cast.team.save()
    for org in ScratchOrgFactory.create_batch(2, dev_hub=hub):
        edited(org, "Admin", member_type="Profile")
        edited(org, "Admin", member_type="ApexClass")
        edited(org, "Template")

    assert [(each["member_type"], each["member_name"]) for each in get(cast.alice.client, URL)["overlaps"]] == [
        ("ApexClass", "Admin")
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"days": 0}, "days"), ({"days": 366}, "days"), ({"dev_hub": "x"}, "dev_hub"), ({"limit": 1001}, "limit")],
)
def test_what_is_out_of_range_is_refused_by_name(cast: Cast, query: dict[str, Any], field: str) -> None:
    status, code, details = refused(cast.alice.client, URL, **query)
    assert (status, code, details["field"]) == (400, "invalid_value", field)


def test_a_cursor_of_another_question_is_refused(cast: Cast, hub: DevHub) -> None:
    for org in ScratchOrgFactory.create_batch(2, dev_hub=hub):
        edited(org, "A")
        edited(org, "B")
    cursor = get(cast.alice.client, URL, limit=1)["next"]

    assert refused(cast.alice.client, URL, cursor=cursor, days=13)[1] == "invalid_cursor"
    assert refused(cast.charlie.client, URL, cursor=cursor)[1] == "invalid_cursor"


ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from("ABC"), st.integers(0, 3), st.sampled_from([None, 1, 5, 13, 15])),
    max_size=30,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, limit=st.integers(1, 4))
def test_overlaps_are_what_a_plain_loop_finds(db: None, rows: list[tuple[Any, ...]], limit: int) -> None:
    """Orgs 0 to 2 are of one hub, 3 to 5 of another, and 2 has ended; users 0 and 1 share a name."""
    team: Team = TeamFactory()
    hubs = [DevHubFactory(team=team) for _ in range(2)]
    orgs = [ScratchOrgFactory(dev_hub=hubs[n // 3], status="Expired" if n == 2 else "Active") for n in range(6)]
    for org in orgs:
        for user in range(3):
            PersonFactory(scratch_org=org, user_id=salesforce_id("005", user), name=f"Person {max(1, user)}")
    now = datetime.now(UTC)
    for org, name, user, days_ago in rows:
        at = None if days_ago is None else now - timedelta(days=days_ago, minutes=ord(name))
        who = salesforce_id("005", user)
        TrackedComponentFactory(scratch_org=orgs[org], member_name=name, changed_by=who, edited_at=at)

    expected = defaultdict(list)
    for org, name, user, days_ago in rows:
        if days_ago is not None and days_ago < 14 and org != 2:
            person = f"Person {max(1, user)}" if user < 3 else salesforce_id("005", user)
            expected[hubs[org // 3].pk, name].append((days_ago * 1440 + ord(name), person))
    overlapping = {key: edits for key, edits in expected.items() if len(edits) > 1}
    seen = walk(key_client(team), URL, "overlaps", limit=limit)

    assert [(each["last_edited_at"], each["dev_hub"]["id"], each["member_name"]) for each in seen] == sorted(
        ((each["last_edited_at"], each["dev_hub"]["id"], each["member_name"]) for each in seen), reverse=True
    )
    assert {
        (each["dev_hub"]["id"], each["member_name"]): (each["org_count"], each["distinct_people"]) for each in seen
    } == {key: (len(edits), len({person for _age, person in edits})) for key, edits in overlapping.items()}
    assert len(seen) == len(overlapping)
