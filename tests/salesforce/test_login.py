"""Both ways in, at the simulator's token endpoint."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from apps.salesforce import errors
from apps.salesforce.auth import jwt, refresh_token
from apps.salesforce.auth.token import Token
from apps.salesforce.client import SalesforceClient
from apps.salesforce.transport import Transport
from tests.salesforce.conftest import Server, http
from tests.simulators import Simulator


def test_a_jwt_enters_the_hub(salesforce: Simulator, transport: Transport) -> None:
    hub = salesforce.hub
    token = jwt.login(
        transport,
        login_url=f"{hub.login_url}/",
        client_id=hub.client_id,
        username=hub.username,
        private_key_pem=hub.private_key,
    )
    assert token.org_id == hub.org_id
    assert (token.user_id[:3], len(token.user_id)) == ("005", 18)
    assert token.refresh_token is None
    assert SalesforceClient(transport, token.instance_url, token.access_token).organization().id == hub.org_id


def test_a_jwt_does_not_enter_an_org_of_another_connected_app(salesforce: Simulator, transport: Transport) -> None:
    org = salesforce.create_orgs(connected_app="PlatformCLI")[0]
    with pytest.raises(errors.LoginRefused, match="pre-authorized"):
        _jwt_login(salesforce, transport, username=org["username"])


def test_a_jwt_signed_with_another_key_is_refused(salesforce: Simulator, transport: Transport) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    with pytest.raises(errors.LoginRefused, match="private key belongs"):
        _jwt_login(salesforce, transport, private_key_pem=pem.decode())


def test_a_jwt_of_an_unknown_user_or_app_is_refused(salesforce: Simulator, transport: Transport) -> None:
    with pytest.raises(errors.LoginRefused):
        _jwt_login(salesforce, transport, username="nobody@helios.example.com")
    with pytest.raises(errors.LoginRefused):
        _jwt_login(salesforce, transport, client_id="3MVG9unknown")


def test_a_refused_login_is_told(salesforce: Simulator, transport: Transport) -> None:
    salesforce.fault("hub", "login_refused")
    with pytest.raises(errors.LoginRefused) as caught:
        _jwt_login(salesforce, transport)
    assert caught.value.permanent


def test_a_token_endpoint_that_is_down_refuses_nothing(salesforce: Simulator, transport: Transport) -> None:
    salesforce.fault("hub", "unavailable", retry_after=17, on="login")
    with pytest.raises(errors.Unavailable) as caught:
        _jwt_login(salesforce, transport)
    assert caught.value.retry_after_seconds == 17


def test_a_refresh_token_enters_the_org_it_came_from(salesforce: Simulator, transport: Transport) -> None:
    org = salesforce.create_orgs(connected_app="PlatformCLI", refresh_token=True, components=5)[0]
    token = _refresh(salesforce, transport, org["refresh_token"])
    assert token.org_id == org["org_id"]
    assert SalesforceClient(transport, token.instance_url, token.access_token).source_members(0).rows


def test_a_revoked_refresh_token_asks_for_a_new_enrolment(salesforce: Simulator, transport: Transport) -> None:
    org = salesforce.create_orgs(connected_app="PlatformCLI", refresh_token=True)[0]
    salesforce.fault([org["org_id"]], "refresh_refused")
    with pytest.raises(errors.LoginRefused, match="Enrol the org again"):
        _refresh(salesforce, transport, org["refresh_token"])


def test_a_rotated_refresh_token_is_handed_on(salesforce: Simulator, transport: Transport) -> None:
    org = salesforce.create_orgs(connected_app="PlatformCLI", refresh_token=True)[0]
    salesforce.fault("hub", "rotate_refresh_tokens")
    rotated = _refresh(salesforce, transport, org["refresh_token"]).refresh_token
    assert rotated not in {None, org["refresh_token"]}
    with pytest.raises(errors.LoginRefused):
        _refresh(salesforce, transport, org["refresh_token"])
    assert _refresh(salesforce, transport, str(rotated)).org_id == org["org_id"]


@pytest.mark.parametrize("missing", ["access_token", "instance_url", "id"])
def test_a_token_answer_that_is_not_whole_is_malformed(serve: Callable[..., Server], missing: str) -> None:
    def say(connection, _: bytes) -> None:  # type: ignore[no-untyped-def]
        answer = {
            "access_token": "00D!x",
            "instance_url": server.url,
            "id": f"{server.url}/id/00D000000000001/005000000000001",
        }
        connection.sendall(http(200, answer | {missing: "" if missing != "id" else "https://x/id/1/2"}))

    server = serve(say)
    with pytest.raises(errors.MalformedAnswer):
        refresh_token.login(server.transport(), login_url=server.url, client_id="c", refresh_token="r")


def _jwt_login(salesforce: Simulator, transport: Transport, **other: str) -> Token:
    hub = salesforce.hub
    return jwt.login(
        transport,
        login_url=hub.login_url,
        client_id=other.get("client_id", hub.client_id),
        username=other.get("username", hub.username),
        private_key_pem=other.get("private_key_pem", hub.private_key),
    )


def _refresh(salesforce: Simulator, transport: Transport, token: str) -> Token:
    return refresh_token.login(transport, login_url=salesforce.url, client_id="PlatformCLI", refresh_token=token)
