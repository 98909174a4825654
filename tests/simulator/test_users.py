from typing import Any

import pytest

from tests.simulator.conftest import Api, refusal


@pytest.fixture
def wanted(api: Api, org: dict[str, Any]) -> dict[str, Any]:
    profile = api.records("SELECT ProfileId FROM User")[0]["ProfileId"]
    return {
        "Username": f"ada.{org['org_id'].lower()}@helios.scratch",
        "LastName": "Bo",
        "FirstName": "Ada",
        "Email": "ada@helios.example",
        "Alias": "ada",
        "ProfileId": profile,
        "TimeZoneSidKey": "Europe/Berlin",
        "LocaleSidKey": "de_DE",
        "EmailEncodingKey": "UTF-8",
        "LanguageLocaleKey": "de",
        "IsActive": True,
    }


def test_a_user_is_made_and_logs_in(api: Api, wanted: dict[str, Any]) -> None:
    user_id = api.create("User", **wanted)
    user = api.rest("GET", f"sobjects/User/{user_id}").json()
    assert (user["Name"], user["UserType"], user["LocaleSidKey"]) == ("Ada Bo", "Standard", "de_DE")
    assert api.jwt(wanted["Username"]).status_code == 200
    refused = api.rest("POST", "sobjects/User", wanted)
    assert refusal(refused) == (400, "DUPLICATE_USERNAME", ["Username"])


def test_a_user_is_changed_and_locked_out(api: Api, wanted: dict[str, Any]) -> None:
    user_id = api.create("User", **wanted)
    path = f"sobjects/User/{user_id}"
    assert api.rest("PATCH", path, {"LastName": "Cy", "IsActive": False}).status_code == 204
    assert api.rest("GET", path).json()["Name"] == "Ada Cy"
    assert api.jwt(wanted["Username"]).json()["error_description"] == "inactive user"
    owned = api.create("Account", Name="A", OwnerId=user_id)
    assert api.records(f"SELECT Owner.Name FROM Account WHERE Id = '{owned}'")[0]["Owner"]["Name"] == "Ada Cy"


def test_all_or_none_takes_users_back(api: Api, wanted: dict[str, Any]) -> None:
    admin = api.records("SELECT Id, Username, LastName FROM User")
    renamed = {"attributes": {"type": "User"}, "Id": admin[0]["Id"], "Username": "moved." + wanted["Username"]}
    for method, first in (("POST", {"attributes": {"type": "User"}, **wanted}), ("PATCH", renamed)):
        records = [first, {"attributes": {"type": "Account"}}]
        answer = api.rest(method, "composite/sobjects", {"allOrNone": True, "records": records}).json()
        assert answer[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
        assert api.records("SELECT Id, Username, LastName FROM User") == admin
    requests = [
        {"method": "POST", "url": "/services/data/v67.0/sobjects/User", "referenceId": "a", "body": wanted},
        {"method": "GET", "url": "/services/data/v67.0/nothing", "referenceId": "b"},
    ]
    api.rest("POST", "composite", {"allOrNone": True, "compositeRequest": requests})
    tree = [{"attributes": {"type": "User", "referenceId": "a"}, **wanted}]
    tree += [{"attributes": {"type": "User", "referenceId": "b"}}]
    assert api.rest("POST", "composite/tree/User", {"records": tree}).status_code == 400
    assert api.records("SELECT Id, Username, LastName FROM User") == admin
    assert api.jwt(admin[0]["Username"]).status_code == 200
    api.create("User", **wanted)


def test_the_sessions_of_a_deactivated_user_end(api: Api, wanted: dict[str, Any]) -> None:
    user_id = api.create("User", **wanted)
    other = Api(api.simulator, api.jwt(wanted["Username"]).json()["access_token"])
    assert other.query("SELECT Id FROM User").status_code == 200
    for active in (False, True):
        assert api.rest("PATCH", f"sobjects/User/{user_id}", {"IsActive": active}).status_code == 204
        assert refusal(other.query("SELECT Id FROM User"))[:2] == (401, "INVALID_SESSION_ID")
    assert api.jwt(wanted["Username"]).status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TimeZoneSidKey": "Mars/Olympus"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Username": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ({"LastName": None}, "REQUIRED_FIELD_MISSING"),
        ({"UserType": "Guest"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"ProfileId": "admin"}, "MALFORMED_ID"),
    ],
)
def test_a_wrong_user_is_refused(api: Api, wanted: dict[str, Any], change: dict[str, Any], code: str) -> None:
    assert refusal(api.rest("POST", "sobjects/User", wanted | change))[:2] == (400, code)
    user_id = api.records("SELECT Id FROM User")[0]["Id"]
    assert refusal(api.rest("PATCH", f"sobjects/User/{user_id}", change))[:2] == (400, code)


def test_a_user_is_never_deleted(api: Api) -> None:
    user_id = api.records("SELECT Id FROM User")[0]["Id"]
    assert refusal(api.rest("DELETE", f"sobjects/User/{user_id}"))[0] == 400
