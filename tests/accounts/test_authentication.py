"""Who gets in: keys, sessions with CSRF, and never one through the other."""

from rest_framework.test import APIClient

from apps.accounts.keys import create_api_key
from apps.accounts.models import Team, User
from apps.core import throttling
from tests.conftest import Cast
from tests.factories import MembershipFactory, TeamFactory

URL = "/api/members"


def wrong_keys(key: str) -> list[str]:
    other_end = key[:-1] + ("A" if key[-1] != "A" else "B")
    return [other_end, key[:-1], key + "x", "scr_00000000_" + key[13:], "", "scr_", "x" * 5000, key.upper(), "a\x00b"]


def test_a_wrong_key_is_401_and_never_a_500(cast: Cast) -> None:
    _row, key = create_api_key(team=cast.team, name="LWC", scopes=["read"])

    for wrong in wrong_keys(key):
        answer = cast.anonymous.get(URL, headers={"X-API-Key": wrong})
        assert answer.status_code == 401, wrong
        assert answer.json()["error"]["code"] == "not_authenticated"
        if wrong:
            assert wrong not in answer.content.decode()


def test_a_key_decides_alone_whatever_the_session_may(cast: Cast) -> None:
    _row, others = create_api_key(team=cast.other_team, name="charlie's", scopes=["read"])
    alice = cast.alice.client

    assert alice.get(URL, headers={"X-API-Key": "scr_00000000_wrong"}).status_code == 401
    seen = alice.get(URL, headers={"X-API-Key": others}).json()["members"]
    assert [member["email"] for member in seen] == ["charlie@example.com"]


def test_a_session_needs_a_csrf_token_to_write(cast: Cast) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(cast.alice.user)

    assert client.get(URL).status_code == 200
    refused = client.post(URL, {"email": "eve@example.com", "role": "viewer"}, format="json")
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["error"]["message"]

    client.cookies["csrftoken"] = token = "c" * 32
    body = {"email": "eve@example.com", "role": "viewer"}
    assert client.post(URL, body, format="json", headers={"X-CSRFToken": token}).status_code == 201


def test_a_key_needs_no_csrf_token(cast: Cast) -> None:
    client = APIClient(enforce_csrf_checks=True, headers={"X-API-Key": create_api_key(
        team=cast.team, name="LWC", scopes=["admin"])[1]})  # fmt: skip

    assert client.post("/api/keys", {"name": "second", "scopes": ["admin"]}, format="json").status_code == 201


def test_somebody_in_two_teams_picks_one(cast: Cast) -> None:
    second: Team = TeamFactory(slug="second")
    MembershipFactory(team=second, user=cast.alice.user)

    def emails(**headers: str) -> list[str]:
        return [member["email"] for member in cast.alice.client.get(URL, headers=headers).json()["members"]]

    assert emails() == ["bob@example.com", "alice@example.com"]
    assert emails(**{"X-Team": "second"}) == ["alice@example.com"]
    assert cast.alice.client.get(URL, headers={"X-Team": cast.other_team.slug}).status_code == 403


def test_somebody_in_no_team_sees_nothing(db: None) -> None:
    client = APIClient()
    client.force_login(User.objects.create_user("eve@example.com"))

    assert client.get(URL).status_code == 403


def test_somebody_switched_off_is_out(cast: Cast) -> None:
    client = cast.bob.client
    User.objects.filter(pk=cast.bob.user.pk).update(is_active=False)

    assert client.get(URL).status_code == 401


def test_many_wrong_keys_shut_their_address_out_for_a_while(cast: Cast) -> None:
    _row, key = create_api_key(team=cast.team, name="LWC", scopes=["read"])

    def status(sent: str, address: str) -> int:
        return cast.anonymous.get(URL, headers={"X-API-Key": sent}, REMOTE_ADDR=address).status_code

    for n in range(throttling.WRONG_KEYS_PER_WINDOW):
        assert status(f"scr_00000000_{n:043d}", "2001:db8:1:2::1") == 401
    shut = cast.anonymous.get(URL, headers={"X-API-Key": key}, REMOTE_ADDR="2001:db8:1:2::ffff")
    assert shut.status_code == 429
    assert 1 <= int(shut["Retry-After"]) <= 60
    assert status(key, "2001:db8:1:3::1") == 200


def test_an_old_key_sent_again_and_again_shuts_out_nobody(cast: Cast) -> None:
    _row, key = create_api_key(team=cast.team, name="LWC", scopes=["read"])

    for _ in range(throttling.WRONG_KEYS_PER_WINDOW + 1):
        assert cast.anonymous.get(URL, headers={"X-API-Key": "scr_00000000_" + 43 * "x"}).status_code == 401
    assert cast.anonymous.get(URL, headers={"X-API-Key": key}).status_code == 200


def test_a_key_has_its_requests_a_minute(cast: Cast, settings: object) -> None:
    settings.REQUESTS_PER_MINUTE = 3  # type: ignore[attr-defined]
    first, second = cast.alice.key_client, cast.charlie.key_client

    assert [first.get(URL).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert second.get(URL).status_code == 200


def test_a_person_has_their_requests_a_minute(cast: Cast, settings: object) -> None:
    settings.REQUESTS_PER_MINUTE = 2  # type: ignore[attr-defined]

    assert [cast.alice.client.get(URL).status_code for _ in range(3)] == [200, 200, 429]
