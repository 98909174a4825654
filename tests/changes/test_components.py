"""GET /api/orgs/{org_id}/components: what an org holds, each component once."""

from typing import Any

import pytest

from tests.changes.walking import get, refused, walk
from tests.conftest import Cast
from tests.factories import PersonFactory, ScratchOrgFactory, TrackedComponentFactory, salesforce_id

ANA = salesforce_id("005", 7)


@pytest.fixture
def org(cast: Cast) -> Any:
    return ScratchOrgFactory(dev_hub__team=cast.team)


def url(org: Any) -> str:
    return f"/api/orgs/{org.org_id}/components"


def test_a_component_tells_its_state_and_the_last_edit_of_it(cast: Cast, org: Any) -> None:
    PersonFactory(scratch_org=org, user_id=ANA, username="ana@example.com", name="Ana Ruiz")
    row = TrackedComponentFactory(scratch_org=org, member_name="Billing", edited_by=ANA, edit_type="NEW")

    [component] = get(cast.bob.client, url(org))["components"]

    at = row.last_modified_date.isoformat().replace("+00:00", "Z")
    assert component == {
        "member_type": "ApexClass",
        "member_name": "Billing",
        "change_id": row.change_id,
        "revision_num": row.revision_num,
        "changed_by": {"id": row.changed_by, "username": None, "name": None},
        "last_modified_date": at,
        "is_deleted": False,
        "is_baseline": False,
        "last_edit": {
            "at": at,
            "change_type": "NEW",
            "changed_by": {"id": ANA, "username": "ana@example.com", "name": "Ana Ruiz"},
        },
    }


def test_what_nobody_edited_has_no_last_edit(cast: Cast, org: Any) -> None:
    TrackedComponentFactory(scratch_org=org, is_baseline=True, edited_at=None, edited_by="", edit_type="")

    [component] = get(cast.alice.client, url(org))["components"]

    assert (component["is_baseline"], component["last_edit"]) == (True, None)


def test_pages_go_by_type_and_name_to_the_end(cast: Cast, org: Any) -> None:
    names = [("ApexClass", "b"), ("ApexClass", "B"), ("ApexClass", "a_c"), ("Zed", "a"), ("Flow", "Äh"), ("Flow", "Z")]
    for member_type, member_name in names:
        TrackedComponentFactory(scratch_org=org, member_type=member_type, member_name=member_name)
    TrackedComponentFactory(scratch_org__dev_hub=org.dev_hub, member_name="of another org")

    seen = walk(cast.alice.client, url(org), "components", limit=2)

    assert [(each["member_type"], each["member_name"]) for each in seen] == sorted(names)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"deleted": "true"}, ["gone"]),
        ({"deleted": "false"}, ["flow", "kept", "old"]),
        ({"baseline": "true"}, ["old"]),
        ({"member_type": "Flow"}, ["flow"]),
        ({"member_type": "Flow", "deleted": "true"}, []),
    ],
)
def test_filters(cast: Cast, org: Any, query: dict[str, str], expected: list[str]) -> None:
    TrackedComponentFactory(scratch_org=org, member_name="kept")
    TrackedComponentFactory(scratch_org=org, member_name="gone", is_deleted=True)
    TrackedComponentFactory(scratch_org=org, member_name="old", is_baseline=True)
    TrackedComponentFactory(scratch_org=org, member_name="flow", member_type="Flow")

    seen = walk(cast.alice.client, url(org), "components", limit=1, **query)

    assert sorted(each["member_name"] for each in seen) == expected


def test_what_is_unknown_or_of_others_is_refused(cast: Cast, org: Any) -> None:
    other = ScratchOrgFactory(dev_hub=org.dev_hub)
    for _ in range(2):
        TrackedComponentFactory(scratch_org=org)
        TrackedComponentFactory(scratch_org=other)
    cursor = get(cast.alice.client, url(org), limit=1)["next"]

    assert refused(cast.charlie.client, url(org))[:2] == (404, "not_found")
    assert refused(cast.alice.client, "/api/orgs/nobody@example.com/components")[0] == 404
    assert refused(cast.alice.client, url(org), deleted="yes") == (
        400,
        "invalid_value",
        {"field": "deleted", "value": "yes"},
    )
    assert refused(cast.alice.client, url(other), cursor=cursor)[1] == "invalid_cursor"
    assert len(get(cast.alice.client, f"/api/orgs/{org.username}/components", cursor=cursor)["components"]) == 1
