import json
import socket
import ssl
import time
from typing import Any

import pytest
import requests

from tests.simulator.conftest import Api
from tests.simulators import Simulator

QUERY = "SELECT Id FROM User"


def fault(api: Api, org: dict[str, Any], name: str, **options: Any) -> None:
    api.simulator.fault([org["org_id"]], name, **options)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("unauthorized", 401, "INVALID_SESSION_ID"),
        ("quota", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("unavailable", 503, "SERVER_UNAVAILABLE"),
    ],
)
def test_a_fault_answers_with_its_error_until_it_is_cleared(
    api: Api, org: dict[str, Any], name: str, status: int, code: str
) -> None:
    fault(api, org, name)
    answer = api.query(QUERY)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    api.simulator.clear_faults([org["org_id"]], name)
    assert api.query(QUERY).status_code == 200


def test_a_fault_is_one_orgs_alone(api: Api, org: dict[str, Any], simulator: Simulator) -> None:
    other = simulator.create_orgs()[0]
    fault(api, org, "unauthorized")
    assert Api(simulator, simulator.login_as(other["org_id"])["access_token"]).query(QUERY).status_code == 200
    assert simulator.orgs(org_id=org["org_id"])[0]["faults"] == {"unauthorized": {"on": "api"}}


def test_unavailable_may_say_when_to_come_back(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "unavailable", retry_after=17)
    assert api.query(QUERY).headers["Retry-After"] == "17"


def test_quota_starts_from_what_it_says_and_goes_on_counting(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "quota", used=8, max=10)
    answers = [api.query(QUERY) for _ in range(3)]
    assert [answer.headers["Sforce-Limit-Info"] for answer in answers] == [f"api-usage={n}/10" for n in (9, 10, 10)]
    assert [answer.status_code for answer in answers] == [200, 200, 403]


def test_a_gone_org_answers_420_with_a_page(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "gone")
    answer = api.query(QUERY)
    assert answer.status_code == 420
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Data Not Available" in answer.text


def test_html_broken_json_a_wrong_shape_and_a_redirect(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "html")
    assert api.query(QUERY).text.startswith("<!DOCTYPE html>")
    api.simulator.clear_faults([org["org_id"]])
    fault(api, org, "malformed_json")
    with pytest.raises(requests.JSONDecodeError):
        api.query(QUERY).json()
    api.simulator.clear_faults([org["org_id"]])
    fault(api, org, "wrong_shape")
    assert not isinstance(api.query(QUERY).json()["records"], list)
    api.simulator.clear_faults([org["org_id"]])
    fault(api, org, "redirect", location="https://elsewhere.invalid/")
    answer = api.query(QUERY)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://elsewhere.invalid/")


def test_a_hang_says_nothing_for_so_long_and_then_answers(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "hang", seconds=0.5)
    with pytest.raises(requests.ReadTimeout):
        api.call("GET", "/services/data/v67.0/limits", timeout=0.2)
    assert api.query(QUERY).status_code == 200


def test_a_reset_is_a_tcp_reset(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "reset")
    with pytest.raises(requests.ConnectionError):
        api.query(QUERY)
    host, port = api.simulator.url.removeprefix("https://").split(":")
    # Python's ssl reports a reset as an end of file, so TLS is done beside the socket here.
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context(cafile=api.simulator.ca).wrap_bio(incoming, outgoing, server_hostname=host)
    with socket.create_connection((host, int(port))) as connection:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(1 << 16))
        tls.write(f"GET /services/data/v67.0 HTTP/1.1\r\nAuthorization: Bearer {api.token}\r\n\r\n".encode())
        connection.sendall(outgoing.read())
        with pytest.raises(ConnectionResetError):
            connection.recv(1 << 16)


def test_a_drip_comes_in_small_pieces_and_outlasts_a_read_timeout(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "drip", bytes_per_second=40)
    answer = api.call("GET", "/services/data/v67.0/limits", timeout=0.3, stream=True)
    pieces = []
    while piece := answer.raw.read1():
        pieces.append(piece)
    assert json.loads(b"".join(pieces))["DailyApiRequests"]["Max"] == 15_000
    assert max(len(piece) for piece in pieces) < 20


def test_an_endless_body_does_not_end(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "endless")
    answer = api.call("GET", "/services/data/v67.0/limits", stream=True)
    read = 0
    for piece in answer.iter_content(1 << 16):
        read += len(piece)
        if read > 3_000_000:
            break
    answer.close()
    assert read > 3_000_000
    assert api.simulator.state()["now"]


def test_latency_is_slow_for_a_share_and_an_error_for_a_share(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "latency", median=0.001, sigma=0.1, share_error=1.0)
    assert api.query(QUERY).status_code == 503
    fault(api, org, "latency", median=0.001, sigma=0.1, share_slow=1.0, slow=0.5)
    with pytest.raises(requests.ReadTimeout):
        api.call("GET", "/services/data/v67.0/limits", timeout=0.2)


def test_refused_logins_leave_sessions_alone(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "login_refused")
    assert api.jwt(org["username"]).json()["error"] == "invalid_grant"
    assert api.query(QUERY).status_code == 200


def test_refresh_refused(simulator: Simulator) -> None:
    org = simulator.create_orgs(connected_app="PlatformCLI", refresh_token=True)[0]
    simulator.fault([org["org_id"]], "refresh_refused")
    answer = Api(simulator).grant(
        grant_type="refresh_token", client_id="PlatformCLI", refresh_token=org["refresh_token"]
    )
    assert (answer.status_code, answer.json()["error_description"]) == (400, "expired access/refresh token")


def test_faults_of_calls_reach_the_token_endpoint_only_when_asked(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "html")
    assert api.jwt(org["username"]).status_code == 200
    fault(api, org, "html", on="login")
    assert api.jwt(org["username"]).text.startswith("<!DOCTYPE")
    assert api.query(QUERY).json()["totalSize"] == 1


def test_no_tracking(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "no_tracking")
    assert api.query("SELECT Id FROM SourceMember", tooling=True).json()[0]["errorCode"] == "INVALID_TYPE"


def test_a_failed_reading_is_no_reading(api: Api, org: dict[str, Any]) -> None:
    fault(api, org, "hang", seconds=0.4)
    with pytest.raises(requests.ReadTimeout):
        api.call("GET", "/services/data/v67.0/tooling/query", params={"q": "SELECT Id FROM SourceMember"}, timeout=0.2)
    fault(api, org, "unavailable")
    assert api.query("SELECT Id FROM SourceMember", tooling=True).status_code == 503
    api.simulator.clear_faults([org["org_id"]])
    fault(api, org, "drip", bytes_per_second=200)
    dripping = api.call(
        "GET", "/services/data/v67.0/tooling/query", params={"q": "SELECT Id FROM SourceMember"}, stream=True
    )
    dripping.raw.read1()
    dripping.close()
    time.sleep(0.8)  # the answers that nobody waited for would have been given by now
    assert api.simulator.orgs(org_id=org["org_id"])[0]["read"] is False
    api.simulator.clear_faults([org["org_id"]])
    assert api.source_members() == []
    assert api.simulator.orgs(org_id=org["org_id"])[0]["read"] is True


def test_a_fault_of_all_orgs_leaves_hub_and_control_alone(hub: Api, simulator: Simulator) -> None:
    simulator.fault("all", "reset")
    assert all("reset" in found["faults"] for found in simulator.orgs(alive=True))
    assert hub.query("SELECT Id FROM ActiveScratchOrg").status_code == 200
    simulator.fault("hub", "unavailable")
    assert hub.query("SELECT Id FROM ActiveScratchOrg").status_code == 503
    simulator.clear_faults("all")
    simulator.clear_faults("hub")
    assert not any(found["faults"] for found in simulator.orgs(alive=True))
