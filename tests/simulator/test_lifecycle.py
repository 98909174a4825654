from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.simulator.conftest import Api
from tests.simulators import Simulator, simulator

SIGNUP_REFUSED = "The signup request failed because this organization has reached its "
CALLBACK = "http://localhost:1717/OauthRedirect"
ASKED = {
    "ConnectedAppConsumerKey": "PlatformCLI",
    "ConnectedAppCallbackUrl": CALLBACK,
    "DurationDays": 3,
    "Edition": "Developer",
}


def ask(hub: Api, **changes: Any) -> Any:
    return hub.call("POST", "/services/data/v67.0/sobjects/ScratchOrgInfo", json={**ASKED, **changes})


def info_of(hub: Api, org: dict[str, Any]) -> dict[str, Any]:
    where = f"WHERE ScratchOrg = '{org['org_id'][:15]}'"
    return hub.records(f"SELECT Id, Status, DeletedDate, ExpirationDate FROM ScratchOrgInfo {where}")[0]


def is_active(hub: Api, org: dict[str, Any]) -> bool:
    found = hub.records(f"SELECT Id FROM ActiveScratchOrg WHERE ScratchOrg = '{org['org_id'][:15]}'")
    return len(found) == 1


def test_an_org_asked_for_is_new_and_then_active(hub: Api) -> None:
    answer = ask(hub, Description="mine")
    assert answer.status_code == 201
    info_id = answer.json()["id"]
    path = f"/services/data/v67.0/sobjects/ScratchOrgInfo/{info_id}"
    assert (hub.call("GET", path).json()["Status"], hub.call("GET", path).json()["ScratchOrg"]) == ("New", None)
    hub.simulator.step(10)
    info = hub.call("GET", path).json()
    assert (info["Status"], info["Description"], info["LoginUrl"]) == ("Active", "mine", hub.simulator.url)
    [active] = hub.records(
        f"SELECT ScratchOrg, SignupUsername FROM ActiveScratchOrg WHERE ScratchOrgInfoId = '{info_id}'"
    )
    assert active == {"ScratchOrg": info["ScratchOrg"], "SignupUsername": info["SignupUsername"]}


def test_an_org_that_cannot_be_made_ends_in_error(hub: Api, org: dict[str, Any]) -> None:
    info_id = ask(hub, Username=org["username"]).json()["id"]
    hub.simulator.step(10)
    [info] = hub.records(f"SELECT Status, ErrorCode, ScratchOrg FROM ScratchOrgInfo WHERE Id = '{info_id}'")
    assert (info["Status"], info["ScratchOrg"]) == ("Error", None)
    assert info["ErrorCode"]
    assert hub.records(f"SELECT Id FROM ActiveScratchOrg WHERE ScratchOrgInfoId = '{info_id}'") == []


def test_an_edition_is_known_in_any_case_and_an_unknown_one_is_an_error(hub: Api) -> None:
    codes = {}
    for edition in ("developer", "partner enterprise", "Bargain"):
        info_id = ask(hub, Edition=edition).json()["id"]
        hub.simulator.step(10)
        codes[edition] = hub.records(f"SELECT ErrorCode FROM ScratchOrgInfo WHERE Id = '{info_id}'")[0]["ErrorCode"]
    assert codes == {"developer": None, "partner enterprise": None, "Bargain": "C-1027"}


def test_a_wrong_request_for_an_org_is_refused(hub: Api, api: Api) -> None:
    refused = {
        "INVALID_FIELD": ask(hub, Nonsense=1),
        "INVALID_FIELD_FOR_INSERT_UPDATE": ask(hub, Status="Active"),
        "REQUIRED_FIELD_MISSING": ask(hub, ConnectedAppCallbackUrl=None),
        "FIELD_INTEGRITY_EXCEPTION": ask(hub, DurationDays=31),
        "INVALID_EMAIL_ADDRESS": ask(hub, Username="nomail"),
        "JSON_PARSER_ERROR": hub.call("POST", "/services/data/v67.0/sobjects/ScratchOrgInfo", data="{"),
    }
    for code, answer in refused.items():
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    assert ask(api).json()[0]["errorCode"] == "NOT_FOUND"


def test_all_or_none_takes_back_what_happened_to_scratch_orgs(hub: Api, api: Api, org: dict[str, Any]) -> None:
    where = f"WHERE ScratchOrg = '{org['org_id'][:15]}'"
    [active] = hub.records(f"SELECT Id FROM ActiveScratchOrg {where}")
    wrong = {"attributes": {"type": "Account"}}
    records = [{"attributes": {"type": "ScratchOrgInfo"}, **ASKED, "Description": "taken back"}, wrong]
    hub.rest("POST", "composite/sobjects", {"allOrNone": True, "records": records})
    hub.call("DELETE", f"/services/data/v67.0/composite/sobjects?allOrNone=true&ids={active['Id']},nonsense")
    hub.simulator.step(10)
    assert "taken back" not in [row["Description"] for row in hub.records("SELECT Description FROM ScratchOrgInfo")]
    assert hub.records(f"SELECT Id FROM ActiveScratchOrg {where}") == [active]
    assert info_of(hub, org)["Status"] == "Active"
    assert api.source_members() == []
    assert api.jwt(org["username"]).status_code == 200


def test_a_hub_has_so_many_scratch_orgs_and_no_more(tmp_path: Path) -> None:
    with simulator(tmp_path, scenario="quiet", orgs=1, clock="stepped", max_scratch_orgs=2) as running:
        hub = Api(running, running.login_as(running.hub.org_id)["access_token"])

        def limits() -> tuple[int, ...]:
            told = hub.rest("GET", "limits").json()
            return tuple(told[name][of] for name in ("ActiveScratchOrgs", "DailyScratchOrgs") for of in told[name])

        def next_refusal() -> str:
            [error] = ask(hub).json()
            return f"{error['errorCode']} {error['message'].removeprefix(SIGNUP_REFUSED)}"

        def delete_one() -> None:
            [org, *_] = running.orgs(alive=True)
            running.delete(org["org_id"])

        assert limits() == (2, 1, 4, 4)
        assert ask(hub).status_code == 201
        assert limits() == (2, 0, 4, 3)
        assert next_refusal() == "LIMIT_EXCEEDED active scratch org limit"
        running.step(10)
        assert next_refusal() == "LIMIT_EXCEEDED active scratch org limit"
        for _ in range(3):
            delete_one()
            assert ask(hub).status_code == 201
            running.step(10)
        delete_one()
        assert limits() == (2, 1, 4, 0)
        assert next_refusal() == "LIMIT_EXCEEDED daily scratch org signup limit"
        running.step(86_400)
        hub.token = running.login_as(running.hub.org_id)["access_token"]
        assert ask(hub).status_code == 201


def test_a_deleted_org_is_gone_and_its_info_says_so(hub: Api, api: Api, org: dict[str, Any]) -> None:
    where = f"WHERE ScratchOrg = '{org['org_id'][:15]}'"
    active_id = hub.records(f"SELECT Id FROM ActiveScratchOrg {where}")[0]["Id"]
    path = f"/services/data/v67.0/sobjects/ActiveScratchOrg/{active_id}"
    assert hub.call("DELETE", path).status_code == 204
    assert not is_active(hub, org)
    assert info_of(hub, org)["Status"] == "Deleted"
    assert info_of(hub, org)["DeletedDate"] == hub.simulator.step(0)[:10]
    assert api.query("SELECT Id FROM User").status_code == 420
    assert api.jwt(org["username"]).status_code == 400
    assert hub.call("DELETE", path).status_code == 404


def test_an_org_expires_by_the_clock(hub: Api) -> None:
    org = hub.simulator.create_orgs(days=1)[0]
    expires = date.fromisoformat(info_of(hub, org)["ExpirationDate"])
    assert expires == datetime.fromisoformat(hub.simulator.step(0)).date() + timedelta(days=1)
    hub.simulator.step(86_399)
    hub.token = hub.simulator.login_as(hub.simulator.hub.org_id)["access_token"]
    assert is_active(hub, org)
    hub.simulator.step(1)
    assert not is_active(hub, org)
    assert info_of(hub, org)["ExpirationDate"] == expires.isoformat()


def test_control_can_expire_and_delete(hub: Api) -> None:
    expired, deleted = hub.simulator.create_orgs(count=2)
    hub.simulator.expire(expired["org_id"])
    hub.simulator.delete(deleted["org_id"])
    assert not is_active(hub, expired)
    assert not is_active(hub, deleted)
    assert info_of(hub, expired)["ExpirationDate"] == hub.simulator.step(0)[:10]
    assert {
        found["alive"] for found in hub.simulator.orgs() if found["org_id"] in (expired["org_id"], deleted["org_id"])
    } == {False}


def test_a_login_is_noted_on_the_hub(hub: Api, org: dict[str, Any], simulator: Simulator) -> None:
    query = f"SELECT LastLoginDate FROM ActiveScratchOrg WHERE ScratchOrg = '{org['org_id'][:15]}'"
    assert hub.records(query) == [{"LastLoginDate": None}]
    assert Api(simulator).jwt(org["username"]).status_code == 200
    assert hub.records(query) == [{"LastLoginDate": simulator.step(0)[:10]}]
