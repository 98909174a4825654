from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.simulator.conftest import Api
from tests.simulators import Simulator


def error(answer: requests.Response) -> tuple[int, str]:
    """Status and errorCode of an answer that must be Salesforce's array of errors."""
    body = answer.json()
    assert isinstance(body, list)
    assert set(body[0]) == {"message", "errorCode"}
    return answer.status_code, body[0]["errorCode"]


def test_versions_need_no_session_and_say_no_usage(simulator: Simulator) -> None:
    answer = Api(simulator).call("GET", "/services/data")
    assert answer.json()[-1] == {"label": "Release 67.0", "url": "/services/data/v67.0", "version": "67.0"}
    assert "Sforce-Limit-Info" not in answer.headers


def test_the_resource_map_names_the_identity(api: Api, org: dict[str, Any]) -> None:
    resources = api.call("GET", "/services/data/v67.0").json()
    assert org["org_id"] in resources["identity"]
    assert resources["query"] == "/services/data/v67.0/query"


def test_each_answer_says_how_many_calls_were_used_this_day(api: Api) -> None:
    used = [api.query("SELECT Id FROM User").headers["Sforce-Limit-Info"] for _ in range(2)]
    used.append(api.query("SELECT nonsense").headers["Sforce-Limit-Info"])
    assert used == ["api-usage=1/15000", "api-usage=2/15000", "api-usage=3/15000"]
    limits = api.call("GET", "/services/data/v67.0/limits").json()
    assert limits["DailyApiRequests"] == {"Max": 15_000, "Remaining": 14_996}
    for _ in range(24):
        api.simulator.step(3_600)
        answer = api.query("SELECT Id FROM User")
    assert int(answer.headers["Sforce-Limit-Info"].split("=")[1].split("/")[0]) < 28


def test_the_date_is_the_simulated_clocks(api: Api) -> None:
    now = datetime.fromisoformat(api.simulator.step(0))
    date = parsedate_to_datetime(api.query("SELECT Id FROM User").headers["Date"])
    assert date == now.replace(microsecond=0)


@pytest.mark.parametrize("token", ["", "00D5e0000000001!AQnonsense", "garbage"])
def test_a_wrong_token_is_an_invalid_session(simulator: Simulator, token: str) -> None:
    assert error(Api(simulator, token).query("SELECT Id FROM User")) == (401, "INVALID_SESSION_ID")


def test_what_does_not_exist_is_not_found(api: Api) -> None:
    for path in (
        "v67.0/nothing",
        "v99.0/query?q=SELECT+Id+FROM+User",
        "v67/query",
        "v67.0/tooling/limits",
        "v67.0/queries",
    ):
        assert error(api.call("GET", f"/services/data/{path}")) == (404, "NOT_FOUND")
    assert error(api.call("GET", "/somewhere")) == (404, "NOT_FOUND")


def test_another_method_is_not_allowed(api: Api) -> None:
    answer = api.call("PATCH", "/services/data/v67.0/query?q=SELECT+Id+FROM+User")
    assert error(answer) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize("path", ["query", "query/", "tooling/query", "tooling/query/"])
def test_query_works_with_and_without_a_trailing_slash(api: Api, path: str) -> None:
    answer = api.call("GET", f"/services/data/v67.0/{path}", params={"q": "select count() from user"})
    assert (answer.json()["totalSize"], answer.json()["done"], answer.json()["records"]) == (1, True, [])


def test_a_query_without_text_is_malformed(api: Api) -> None:
    assert error(api.call("GET", "/services/data/v67.0/query")) == (400, "MALFORMED_QUERY")


def test_a_locator_that_was_not_given_out_is_invalid(api: Api) -> None:
    api.simulator.edits(
        [
            {"org_id": api.token[:15], "member_type": "ApexClass", "member_name": f"C{number}", "kind": "NEW"}
            for number in range(2_001)
        ]
    )
    more = api.query("SELECT Id FROM SourceMember", tooling=True).json()["nextRecordsUrl"]
    assert api.call("GET", more).status_code == 200
    for wrong in ("9" * 5_000, "2001", "-1", "x", ""):
        answer = api.call("GET", f"{more.rpartition('-')[0]}-{wrong}")
        assert error(answer) == (400, "INVALID_QUERY_LOCATOR")


def test_records_carry_type_and_url_also_in_relationships(hub: Api, org: dict[str, Any]) -> None:
    where = f"WHERE ScratchOrg = '{org['org_id'][:15]}'"
    record = hub.query(f"select id, createdby.username from scratchorginfo {where}").json()["records"][0]
    assert record["attributes"]["type"] == "ScratchOrgInfo"
    assert record["attributes"]["url"] == f"/services/data/v67.0/sobjects/ScratchOrgInfo/{record['Id']}"
    assert record["CreatedBy"]["attributes"]["type"] == "User"
    assert record["CreatedBy"]["Username"] == org["person"]


def test_source_member_is_an_object_of_the_tooling_api_only(api: Api) -> None:
    query = "SELECT Id FROM SourceMember"
    assert error(api.query(query)) == (400, "INVALID_TYPE")
    assert api.query(query, tooling=True).status_code == 200


def test_a_scratch_org_is_no_devhub_and_a_devhub_has_no_source_members(api: Api, hub: Api) -> None:
    assert error(api.query("SELECT Id FROM ScratchOrgInfo LIMIT 1")) == (400, "INVALID_TYPE")
    assert error(hub.query("SELECT Id FROM SourceMember", tooling=True)) == (400, "INVALID_TYPE")


def test_an_org_without_source_tracking_has_no_source_members(simulator: Simulator) -> None:
    untracked = simulator.create_orgs(source_tracking=False)[0]
    api = Api(simulator, simulator.login_as(untracked["org_id"])["access_token"])
    assert error(api.query("SELECT Id FROM SourceMember", tooling=True)) == (400, "INVALID_TYPE")


def test_scratch_org_is_text_of_15_characters(hub: Api, org: dict[str, Any]) -> None:
    query = "SELECT ScratchOrg FROM ActiveScratchOrg WHERE ScratchOrg = '{}'"
    assert hub.records(query.format(org["org_id"][:15])) == [{"ScratchOrg": org["org_id"][:15]}]
    assert hub.records(query.format(org["org_id"])) == []


def test_a_user_is_read_by_id(api: Api, org: dict[str, Any]) -> None:
    user_id = api.records("SELECT Id FROM User")[0]["Id"]
    for wanted in (user_id, user_id[:15]):
        user = api.call("GET", f"/services/data/v67.0/sobjects/User/{wanted}").json()
        assert (user["Id"], user["Username"], user["IsActive"]) == (user_id, org["username"], True)
    assert error(api.call("GET", "/services/data/v67.0/sobjects/User/0055e0000099999")) == (404, "NOT_FOUND")
    assert error(api.call("GET", "/services/data/v67.0/sobjects/User/me")) == (404, "NOT_FOUND")


def test_a_scratch_organization_is_a_sandbox_with_an_end(api: Api, hub: Api) -> None:
    query = "SELECT Name, IsSandbox, TrialExpirationDate, OrganizationType FROM Organization"
    assert api.records(query)[0]["IsSandbox"] is True
    assert api.records(query)[0]["TrialExpirationDate"].endswith(".000+0000")
    assert (hub.records(query)[0]["IsSandbox"], hub.records(query)[0]["TrialExpirationDate"]) == (False, None)


def test_the_integration_user_sees_all_until_that_is_lost(hub: Api, org: dict[str, Any]) -> None:
    me = hub.records(f"SELECT Id FROM User WHERE Username = '{hub.simulator.hub.username}'")[0]["Id"]
    view_all = (
        "SELECT SobjectType, PermissionsViewAllRecords FROM ObjectPermissions WHERE PermissionsViewAllRecords = true "
        f"AND ParentId IN (SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{me}')"
    )
    assert {row["SobjectType"] for row in hub.records(view_all)} == {"ActiveScratchOrg", "ScratchOrgInfo"}
    assert hub.records("SELECT PermissionsViewAllData FROM UserPermissionAccess") == [{"PermissionsViewAllData": False}]
    own = hub.simulator.create_orgs(person=hub.simulator.hub.username)[0]
    hub.simulator.fault("hub", "lost_view_all")
    assert hub.records(view_all) == []
    seen = [row["ScratchOrg"] for row in hub.records("SELECT ScratchOrg FROM ActiveScratchOrg")]
    assert own["org_id"][:15] in seen
    assert org["org_id"][:15] not in seen
    hub.simulator.clear_faults("hub")
    assert org["org_id"][:15] in [row["ScratchOrg"] for row in hub.records("SELECT ScratchOrg FROM ActiveScratchOrg")]


def test_the_control_api_needs_its_token(simulator: Simulator) -> None:
    answer = requests.get(
        f"{simulator.control}/state", headers={"X-Control-Token": "x"}, verify=simulator.ca, timeout=5
    )
    assert answer.status_code == 401


def test_a_wrong_command_is_refused_with_a_reason(simulator: Simulator, org: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="unknown fault 'nonsense'"):
        simulator.fault([org["org_id"]], "nonsense")
    with pytest.raises(AssertionError, match="needs the option 'seconds'"):
        simulator.fault([org["org_id"]], "late_rows")
    with pytest.raises(AssertionError, match="fault of the hub"):
        simulator.fault([org["org_id"]], "lost_view_all")
    with pytest.raises(AssertionError, match="kind cannot be 'RENAME'"):
        simulator.edit(org["org_id"], "ApexClass", "Foo", "RENAME")
    with pytest.raises(AssertionError, match="404"):
        simulator.edit("00Dnone", "ApexClass", "Foo")
