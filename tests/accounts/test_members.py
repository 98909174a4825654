"""/api/members: everybody sees who belongs to the team, owners decide."""

import pytest

from apps.accounts.models import AuditEntry, Membership, Role
from tests.conftest import Cast

URL = "/api/members"


def membership(cast: Cast, email: str) -> Membership:
    return Membership.objects.get(team=cast.team, user__email=email)


def test_bob_sees_his_team_and_nobody_else(cast: Cast) -> None:
    members = cast.bob.client.get(URL).json()["members"]

    assert [(member["email"], member["role"]) for member in members] == [
        ("bob@example.com", "viewer"),
        ("alice@example.com", "owner"),
    ]


def test_alice_adds_changes_and_removes_a_member(cast: Cast) -> None:
    added = cast.alice.client.post(URL, {"email": "Dora@Example.com", "role": "viewer"}, format="json")
    assert added.status_code == 201
    where = f"{URL}/{added.json()['member']['id']}"

    changed = cast.alice.client.patch(where, {"role": "developer"}, format="json")
    assert changed.json()["member"] == {**added.json()["member"], "role": "developer"}

    assert cast.alice.client.delete(where).status_code == 200
    assert cast.alice.client.delete(where).status_code == 404
    told = AuditEntry.objects.filter(team=cast.team).order_by("pk").values_list("action", "actor", "target")
    assert list(told) == [
        (action, "alice@example.com", "dora@example.com")
        for action in ("member.added", "member.role_changed", "member.removed")
    ]


def test_nobody_is_added_twice(cast: Cast) -> None:
    answer = cast.alice.client.post(URL, {"email": "bob@example.com", "role": "owner"}, format="json")

    assert answer.status_code == 409
    assert membership(cast, "bob@example.com").role == Role.VIEWER


@pytest.mark.parametrize("deed", ["demote", "remove"])
def test_the_last_owner_stays(cast: Cast, deed: str) -> None:
    where = f"{URL}/{membership(cast, 'alice@example.com').pk}"
    client = cast.alice.client

    answer = client.delete(where) if deed == "remove" else client.patch(where, {"role": "viewer"}, format="json")

    assert answer.status_code == 409
    assert membership(cast, "alice@example.com").role == Role.OWNER


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER, Role.MAINTAINER])
def test_only_owners_decide_who_belongs(cast: Cast, role: Role) -> None:
    client, where = cast.as_role(role).client, f"{URL}/{membership(cast, 'bob@example.com').pk}"

    assert client.post(URL, {"email": "eve@example.com", "role": "owner"}, format="json").status_code == 403
    assert client.patch(where, {"role": "owner"}, format="json").status_code == 403
    assert client.delete(where).status_code == 403


def test_a_key_never_decides_who_belongs(cast: Cast) -> None:
    assert cast.alice.key_client.post(URL, {"email": "eve@example.com", "role": "owner"}).status_code == 403


def test_charlie_touches_nobody_in_alices_team(cast: Cast) -> None:
    where = f"{URL}/{membership(cast, 'bob@example.com').pk}"

    assert [member["email"] for member in cast.charlie.client.get(URL).json()["members"]] == ["charlie@example.com"]
    assert cast.charlie.client.patch(where, {"role": "owner"}, format="json").status_code == 404
    assert cast.charlie.client.delete(where).status_code == 404
    assert membership(cast, "bob@example.com").role == Role.VIEWER


def test_a_removed_member_is_out_at_once(cast: Cast) -> None:
    assert cast.bob.client.get(URL).status_code == 200
    cast.alice.client.delete(f"{URL}/{membership(cast, 'bob@example.com').pk}")

    assert cast.bob.client.get(URL).status_code == 403


def test_anonymous_is_asked_who_they_are(cast: Cast) -> None:
    assert cast.anonymous.get(URL).status_code == 401
