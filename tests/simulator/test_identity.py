from typing import Any

import pytest

from tests.simulator.conftest import Api
from tests.simulators import Simulator

USERINFO = "/services/oauth2/userinfo"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_says_who_the_token_belongs_to(api: Api, org: dict[str, Any], method: str) -> None:
    answer = api.call(method, USERINFO)
    assert answer.status_code == 200
    info = answer.json()
    assert (info["preferred_username"], info["organization_id"]) == (org["username"], org["org_id"])
    assert info["user_id"] == api.records("SELECT Id FROM User")[0]["Id"]
    assert info["sub"] == f"{api.simulator.url}/id/{org['org_id']}/{info['user_id']}"
    assert info["urls"]["rest"] == f"{api.simulator.url}/services/data/v{{version}}/"
    assert info["is_salesforce_integration_user"] is False


def test_the_token_may_come_as_a_parameter(api: Api, org: dict[str, Any]) -> None:
    anybody = Api(api.simulator)
    url = f"{api.simulator.url}{USERINFO}"
    in_url = anybody.http.get(url, params={"oauth_token": api.token}, timeout=5)
    in_form = anybody.http.post(url, data={"access_token": api.token}, timeout=5)
    assert [answer.json()["preferred_username"] for answer in (in_url, in_form)] == [org["username"]] * 2


def test_the_identity_url_of_the_token_answers(api: Api, org: dict[str, Any]) -> None:
    granted = Api(api.simulator).jwt(org["username"]).json()
    answer = Api(api.simulator, granted["access_token"]).call("GET", granted["id"].removeprefix(api.simulator.url))
    identity = answer.json()
    assert (identity["id"], identity["username"]) == (granted["id"], org["username"])
    assert identity["asserted_user"] is True
    assert "{version}" in identity["urls"]["partner"]


def test_an_identity_url_can_name_the_version(api: Api, org: dict[str, Any]) -> None:
    user = api.records("SELECT Id FROM User")[0]["Id"]
    path = f"/id/{org['org_id'][:15]}/{user[:15]}"
    for asked, version in (("latest", "67.0"), ("45.0", "45.0")):
        urls = api.call("GET", path, params={"version": asked}).json()["urls"]
        assert urls["query"] == f"{api.simulator.url}/services/data/v{version}/query/"


@pytest.mark.parametrize("token", ["00D5e0000000001!AQnonsense", "garbage"])
def test_a_bad_token_is_one_word_of_text(simulator: Simulator, token: str) -> None:
    answer = Api(simulator, token).call("GET", USERINFO)
    assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_no_token_is_another(simulator: Simulator) -> None:
    answer = Api(simulator).http.get(f"{simulator.url}{USERINFO}", timeout=5)
    assert (answer.status_code, answer.text) == (403, "Missing_OAuth_Token")


def test_other_orgs_and_unknown_users_are_refused(api: Api, org: dict[str, Any], simulator: Simulator) -> None:
    other = simulator.create_orgs()[0]
    user = api.records("SELECT Id FROM User")[0]["Id"]
    answer = api.call("GET", f"/id/{other['org_id']}/{user}")
    assert (answer.status_code, answer.text) == (403, "Wrong_Org")
    answer = api.call("GET", f"/id/{org['org_id']}/0055e0000099999")
    assert (answer.status_code, answer.text) == (404, "Bad_Id")


def test_faults_and_the_end_of_the_org_show(api: Api, org: dict[str, Any]) -> None:
    api.simulator.fault([org["org_id"]], "unauthorized")
    assert api.call("GET", USERINFO).text == "Bad_OAuth_Token"
    api.simulator.clear_faults([org["org_id"]])
    api.simulator.fault([org["org_id"]], "unavailable")
    assert api.call("GET", USERINFO).status_code == 503
    api.simulator.clear_faults([org["org_id"]])
    api.simulator.delete(org["org_id"])
    assert api.call("GET", USERINFO).status_code == 420


def test_other_methods_are_not_allowed(api: Api) -> None:
    assert api.call("DELETE", USERINFO).status_code == 405
