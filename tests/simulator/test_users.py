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
