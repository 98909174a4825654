import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.simulator.conftest import Api
from tests.simulators import Simulator


@pytest.fixture
def anybody(simulator: Simulator) -> Api:
    return Api(simulator)


def refusal(answer: Any) -> tuple[str, str]:
    assert answer.status_code == 400
    return answer.json()["error"], answer.json()["error_description"]


def test_a_jwt_opens_a_session_of_the_user_it_names(anybody: Api, org: dict[str, Any]) -> None:
    answer = anybody.jwt(org["username"])
    assert answer.status_code == 200
    token = answer.json()
    assert token["access_token"].startswith(org["org_id"][:15] + "!")
    assert token["instance_url"] == anybody.simulator.url
    assert f"/id/{org['org_id']}/005" in token["id"]
    assert "refresh_token" not in token
    anybody.token = token["access_token"]
    assert anybody.records("SELECT Username FROM User") == [{"Username": org["username"]}]


REAL_CLIENTS = {
    "sf": lambda: int(time.time() * 1000) + 300,
    "simple-salesforce": lambda: str(int(time.time()) + 180),
    "CumulusCI": lambda: int(time.time()),
}


@pytest.mark.parametrize("exp", REAL_CLIENTS.values(), ids=REAL_CLIENTS.keys())
def test_exp_is_taken_as_real_clients_send_it(anybody: Api, exp: Any) -> None:
    assert anybody.jwt(anybody.simulator.hub.username, exp=exp()).status_code == 200


@pytest.mark.parametrize(
    "exp",
    [
        lambda: time.time() - 300,
        lambda: (time.time() - 300) * 1000,
        lambda: None,
        lambda: 0,
        lambda: 10**400,
        lambda: "inf",
    ],
)
def test_an_expired_assertion_is_refused(anybody: Api, exp: Any) -> None:
    assert refusal(anybody.jwt(anybody.simulator.hub.username, exp=exp()))[0] == "invalid_grant"


@pytest.mark.parametrize("audience", ["https://login.salesforce.com", "https://test.salesforce.com/"])
def test_the_login_urls_are_audiences(anybody: Api, audience: str) -> None:
    assert anybody.jwt(anybody.simulator.hub.username, aud=audience).status_code == 200


@pytest.mark.parametrize(
    "audience", ["https://evil.example.com", "https://login.salesforce.com.evil.example", "", None]
)
def test_another_audience_is_refused(anybody: Api, audience: str | None) -> None:
    answer = anybody.jwt(anybody.simulator.hub.username, aud=audience)
    assert refusal(answer) == ("invalid_grant", "audience validation failed")


def test_a_signature_of_another_key_is_refused(anybody: Api) -> None:
    key = rsa.generate_private_key(65_537, 2_048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    answer = anybody.jwt(anybody.simulator.hub.username, key=key.decode())
    assert refusal(answer) == ("invalid_grant", "invalid assertion")


def test_an_unknown_client_and_platform_cli_cannot_use_jwt(anybody: Api) -> None:
    username = anybody.simulator.hub.username
    assert refusal(anybody.jwt(username, iss="3MVGunknown"))[0] == "invalid_client_id"
    assert refusal(anybody.jwt(username, iss="PlatformCLI"))[0] == "invalid_grant"


def test_a_jwt_does_not_enter_an_org_of_another_connected_app(anybody: Api) -> None:
    cli_org = anybody.simulator.create_orgs(connected_app="PlatformCLI")[0]
    assert refusal(anybody.jwt(cli_org["username"])) == ("invalid_grant", "user hasn't approved this consumer")
    assert refusal(anybody.jwt("nobody@example.com")) == ("invalid_grant", "user hasn't approved this consumer")


def test_a_refresh_token_enters_with_the_right_client_only(anybody: Api) -> None:
    cli_org = anybody.simulator.create_orgs(connected_app="PlatformCLI", refresh_token=True)[0]
    token = cli_org["refresh_token"]
    answer = anybody.grant(grant_type="refresh_token", client_id="PlatformCLI", refresh_token=token)
    assert answer.status_code == 200
    assert answer.json()["access_token"].startswith(cli_org["org_id"][:15])
    assert "refresh_token" not in answer.json()
    wrong = anybody.grant(grant_type="refresh_token", client_id="3MVGother", refresh_token=token)
    assert refusal(wrong) == ("invalid_grant", "expired access/refresh token")
    unknown = anybody.grant(grant_type="refresh_token", client_id="PlatformCLI", refresh_token="5Aepnone")
    assert refusal(unknown) == ("invalid_grant", "expired access/refresh token")


def test_a_rotated_refresh_token_dies(anybody: Api, hub: Api) -> None:
    cli_org = anybody.simulator.create_orgs(connected_app="PlatformCLI", refresh_token=True)[0]
    anybody.simulator.fault("hub", "rotate_refresh_tokens")
    form = {"grant_type": "refresh_token", "client_id": "PlatformCLI"}
    rotated = anybody.grant(**form, refresh_token=cli_org["refresh_token"]).json()["refresh_token"]
    assert rotated != cli_org["refresh_token"]
    assert refusal(anybody.grant(**form, refresh_token=cli_org["refresh_token"]))[0] == "invalid_grant"
    assert anybody.grant(**form, refresh_token=rotated).status_code == 200


def test_an_authorization_code_works_once(anybody: Api, hub: Api) -> None:
    cli_org = anybody.simulator.create_orgs(connected_app="PlatformCLI")[0]
    where = f"WHERE ScratchOrg = '{cli_org['org_id'][:15]}'"
    code = hub.records(f"SELECT AuthCode FROM ScratchOrgInfo {where}")[0]["AuthCode"]
    form = {"grant_type": "authorization_code", "code": code, "client_id": "PlatformCLI"}
    form["redirect_uri"] = "http://localhost:1717/OauthRedirect"
    answer = anybody.grant(**form)
    assert answer.json()["access_token"].startswith(cli_org["org_id"][:15])
    refresh = {"grant_type": "refresh_token", "client_id": "PlatformCLI"}
    assert anybody.grant(**refresh, refresh_token=answer.json()["refresh_token"]).status_code == 200
    assert refusal(anybody.grant(**form)) == ("invalid_grant", "expired authorization code")


def test_other_grants_and_methods_are_refused(anybody: Api) -> None:
    assert refusal(anybody.grant(grant_type="password", username="a", password="b"))[0] == "unsupported_grant_type"
    assert anybody.http.get(f"{anybody.simulator.url}/services/oauth2/token", timeout=5).status_code == 405
    assert refusal(anybody.grant(grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion="x.y.z"))


def test_a_session_idles_out_after_two_hours_of_the_clock(anybody: Api, api: Api) -> None:
    api.simulator.step(3_600)
    assert api.query("SELECT Id FROM User").status_code == 200
    api.simulator.step(7_000)
    assert api.query("SELECT Id FROM User").status_code == 200
    api.simulator.step(7_300)
    assert api.query("SELECT Id FROM User").status_code == 401
