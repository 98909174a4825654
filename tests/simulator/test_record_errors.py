from typing import Any

import pytest

from tests.simulator.conftest import Api, refusal

CONTACT = {"LastName": "Bo"}
OPPORTUNITY = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-05-01"}


@pytest.mark.parametrize(
    ("sobject", "values", "code", "fields"),
    [
        ("Contact", {}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ("Contact", {"LastName": "  "}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ("Opportunity", {"Name": "D"}, "REQUIRED_FIELD_MISSING", ["StageName", "CloseDate"]),
        ("Contact", {**CONTACT, "Nope": 1}, "INVALID_FIELD", None),
        ("Contact", {**CONTACT, "Name": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
        ("Contact", {**CONTACT, "Id": "0035e0000000001"}, "INVALID_FIELD", None),
        ("Contact", {**CONTACT, "Email": "nobody"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ("Contact", {**CONTACT, "FirstName": "x" * 41}, "STRING_TOO_LONG", ["FirstName"]),
        ("Contact", {**CONTACT, "AccountId": "0015e0000099999"}, "INVALID_CROSS_REFERENCE_KEY", ["AccountId"]),
        ("Contact", {**CONTACT, "AccountId": "0055e0000099999"}, "FIELD_INTEGRITY_EXCEPTION", ["AccountId"]),
        ("Contact", {**CONTACT, "AccountId": "Acme"}, "MALFORMED_ID", ["AccountId"]),
        ("Contact", {**CONTACT, "Birthdate": "yesterday"}, "JSON_PARSER_ERROR", None),
        ("Contact", {**CONTACT, "Birthdate": "2026-02-30"}, "JSON_PARSER_ERROR", None),
        ("Contact", {**CONTACT, "LastName": ["Bo"]}, "JSON_PARSER_ERROR", None),
        ("Contact", {**CONTACT, "EmailBouncedDate": "2026-01-01T25:00:00Z"}, "JSON_PARSER_ERROR", None),
        ("Contact", {**CONTACT, "EmailBouncedDate": "2026-01-01 10:00:00"}, "JSON_PARSER_ERROR", None),
        ("Account", {"Name": "A", "NumberOfEmployees": "many"}, "JSON_PARSER_ERROR", None),
        ("Account", {"Name": "A", "NumberOfEmployees": 1.5}, "JSON_PARSER_ERROR", None),
        ("Account", {"Name": "A", "NumberOfEmployees": 10**8}, "NUMBER_OUTSIDE_VALID_RANGE", ["NumberOfEmployees"]),
        ("Account", {"Name": "A", "AnnualRevenue": 1e19}, "NUMBER_OUTSIDE_VALID_RANGE", ["AnnualRevenue"]),
        ("Opportunity", {**OPPORTUNITY, "IsPrivate": "maybe"}, "JSON_PARSER_ERROR", None),
        ("Order", {"EffectiveDate": "2026-05-02", "EndDate": "2026-05-01", "Status": "Draft"},
         "FIELD_INTEGRITY_EXCEPTION", ["EndDate"]),
    ],
)  # fmt: skip
def test_a_wrong_record_is_refused_with_salesforces_code(
    api: Api, sobject: str, values: dict[str, Any], code: str, fields: list[str] | None
) -> None:
    assert refusal(api.rest("POST", f"sobjects/{sobject}", values)) == (400, code, fields)
    assert api.records(f"SELECT Id FROM {sobject}") == []


def test_what_is_required_cannot_be_taken_away(api: Api) -> None:
    path = f"sobjects/Contact/{api.create('Contact', **CONTACT)}"
    assert refusal(api.rest("PATCH", path, {"LastName": None})) == (400, "REQUIRED_FIELD_MISSING", ["LastName"])
    assert refusal(api.rest("PATCH", path, {"CreatedDate": "2026-01-01"}))[1] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_deleted_parent_cannot_be_referred_to(api: Api) -> None:
    account = api.create("Account", Name="A")
    api.rest("DELETE", f"sobjects/Account/{account}")
    refused = api.rest("POST", "sobjects/Contact", {**CONTACT, "AccountId": account})
    assert refusal(refused)[:2] == (404, "ENTITY_IS_DELETED")


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", "7", '{"Name": }', '{"a": 1e999999}', "\x00", "[" * 5_000, '{"Name":"\\ud800"}']
)
def test_a_body_that_is_no_json_object_is_refused(api: Api, body: str) -> None:
    answer = api.call("POST", "/services/data/v67.0/sobjects/Account", data=body)
    assert refusal(answer)[0] == 400
    assert refusal(answer)[1] in ("JSON_PARSER_ERROR", "INVALID_FIELD")


def test_a_row_is_locked_on_demand(api: Api, org: dict[str, Any]) -> None:
    account = api.create("Account", Name="A")
    api.simulator.fault([org["org_id"]], "row_lock")
    for answer in (
        api.rest("POST", "sobjects/Account", {"Name": "B"}),
        api.rest("PATCH", f"sobjects/Account/{account}", {"Name": "B"}),
        api.rest("DELETE", f"sobjects/Account/{account}"),
    ):
        assert refusal(answer) == (400, "UNABLE_TO_LOCK_ROW", [])
    assert api.records("SELECT Name FROM Account") == [{"Name": "A"}]
    api.simulator.clear_faults([org["org_id"]])
    api.create("Account", Name="B")


def test_a_body_nested_without_end_is_refused(api: Api) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    requests = [{"method": "POST", "url": "/x", "referenceId": "a", "body": deep}]
    for path, body in (
        ("sobjects/Account", {"Name": deep}),
        ("composite", {"compositeRequest": requests}),
        ("composite/sobjects", {"records": [{"attributes": {"type": "Account"}, "Name": deep}]}),
    ):
        assert refusal(api.rest("POST", path, body))[:2] == (400, "JSON_PARSER_ERROR")


def test_what_the_path_names_does_not_stand_in_the_body(api: Api) -> None:
    account = api.create("Account", Name="A")
    refused = api.rest("PATCH", f"sobjects/Account/{account}", {"id": account, "Name": "B"})
    assert refusal(refused) == (400, "INVALID_FIELD", None)
    refused = api.rest("PATCH", "sobjects/Contact/Email/a@b.co", {"Email": "a@b.co", "LastName": "Bo"})
    assert refusal(refused) == (400, "INVALID_FIELD", None)
