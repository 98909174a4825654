"""/api/keys: maintainers make, list and revoke keys."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.accounts.keys import create_api_key
from apps.accounts.models import ApiKey, AuditEntry, Role
from tests.conftest import Cast, key_client

URL = "/api/keys"


def test_alice_makes_a_key_and_sees_it_once(cast: Cast) -> None:
    made = cast.alice.client.post(URL, {"name": "LWC", "scopes": ["read", "poll"]}, format="json")

    assert made.status_code == 201
    secret = made.json()["secret"]
    assert made.json()["key"]["scopes"] == ["poll", "read"]
    assert made.json()["key"]["created_by"] == "alice@example.com"
    assert secret not in cast.alice.client.get(URL).content.decode()
    assert AuditEntry.objects.get(team=cast.team).action == "key.created"
    assert secret not in str(AuditEntry.objects.values())


def test_the_new_key_opens_the_doors_of_its_scopes(cast: Cast) -> None:
    secret = cast.alice.client.post(URL, {"name": "LWC", "scopes": ["read"]}, format="json").json()["secret"]
    client = cast.anonymous

    assert client.get("/api/members", headers={"X-API-Key": secret}).status_code == 200
    assert client.get(URL, headers={"X-API-Key": secret}).status_code == 403


def test_two_keys_live_at_once_until_one_is_revoked(cast: Cast) -> None:
    first, first_key = create_api_key(team=cast.team, name="old", scopes=["read"])
    _second, second_key = create_api_key(team=cast.team, name="new", scopes=["read"])

    def status(key: str) -> int:
        return cast.anonymous.get("/api/members", headers={"X-API-Key": key}).status_code

    assert (status(first_key), status(second_key)) == (200, 200)
    revoked = cast.alice.client.delete(f"{URL}/{first.pk}")
    assert revoked.json()["key"]["revoked_at"] is not None
    assert (status(first_key), status(second_key)) == (401, 200)
    assert cast.alice.client.delete(f"{URL}/{first.pk}").json() == revoked.json()
    assert AuditEntry.objects.filter(action="key.revoked").count() == 1


def test_an_expired_key_is_wrong(cast: Cast) -> None:
    row, key = create_api_key(team=cast.team, name="old", scopes=["read"])
    ApiKey.objects.filter(pk=row.pk).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))

    assert cast.anonymous.get("/api/members", headers={"X-API-Key": key}).status_code == 401


def test_a_keys_last_use_is_written_once_a_minute(cast: Cast) -> None:
    row, key = create_api_key(team=cast.team, name="LWC", scopes=["read"])
    cast.anonymous.get("/api/members", headers={"X-API-Key": key})
    row.refresh_from_db()
    first = row.last_used_at
    assert first is not None

    cast.anonymous.get("/api/members", headers={"X-API-Key": key})
    row.refresh_from_db()
    assert row.last_used_at == first

    ApiKey.objects.filter(pk=row.pk).update(last_used_at=first - timedelta(seconds=61))
    cast.anonymous.get("/api/members", headers={"X-API-Key": key})
    row.refresh_from_db()
    assert row.last_used_at > first - timedelta(seconds=61)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER])
def test_below_maintainer_nobody_sees_or_makes_keys(cast: Cast, role: Role) -> None:
    client = cast.as_role(role).client
    row, _key = create_api_key(team=cast.team, name="LWC", scopes=["read"])

    assert client.get(URL).status_code == 403
    assert client.post(URL, {"name": "mine", "scopes": ["read"]}, format="json").status_code == 403
    assert client.delete(f"{URL}/{row.pk}").status_code == 403


def test_charlie_sees_none_of_alices_keys_and_revokes_none(cast: Cast) -> None:
    row, _key = create_api_key(team=cast.team, name="LWC", scopes=["read"])

    assert cast.charlie.client.get(URL).json() == {"success": True, "keys": [], "next": None}
    assert cast.charlie.client.delete(f"{URL}/{row.pk}").status_code == 404
    row.refresh_from_db()
    assert row.revoked_at is None


def test_anonymous_is_asked_who_they_are(cast: Cast) -> None:
    answer = cast.anonymous.get(URL)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("X-API-Key")
    assert answer.json()["error"]["code"] == "not_authenticated"


def test_a_key_gives_away_only_what_it_has(cast: Cast) -> None:
    client = key_client(cast.team, "admin")

    assert client.post(URL, {"name": "child", "scopes": ["admin"]}, format="json").status_code == 201
    assert client.post(URL, {"name": "child", "scopes": ["read"]}, format="json").status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["read"]}, "name"),
        ({"name": "LWC", "scopes": []}, "scopes"),
        ({"name": "LWC", "scopes": ["everything"]}, "scopes"),
        ({"name": "LWC", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "LWC", "scopes": ["read"], "team": 1}, "team"),
        ({"name": "a\x00b", "scopes": ["read"]}, "name"),
    ],
)
def test_a_bad_body_is_refused_by_field(cast: Cast, body: dict[str, object], field: str) -> None:
    answer = cast.alice.client.post(URL, body, format="json")

    assert answer.status_code == 400
    assert field in answer.json()["error"]["details"]["fields"]


def test_the_list_goes_on_where_the_page_before_ended(cast: Cast) -> None:
    made = [create_api_key(team=cast.team, name=f"key {n}", scopes=["read"])[0].pk for n in range(5)]

    first = cast.alice.client.get(URL, {"limit": 3}).json()
    second = cast.alice.client.get(URL, {"limit": 3, "cursor": first["next"]}).json()

    assert [key["id"] for key in first["keys"] + second["keys"]] == made[::-1]
    assert second["next"] is None
