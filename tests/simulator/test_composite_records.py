from typing import Any

from tests.simulator.conftest import Api, refusal


def of(sobject: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": sobject}, **values}


def codes(outcomes: list[dict[str, Any]]) -> list[str | None]:
    return [None if outcome["success"] else outcome["errors"][0]["statusCode"] for outcome in outcomes]


def names(api: Api) -> list[str]:
    return [record["Name"] for record in api.records("SELECT Name FROM Account ORDER BY Name")]


def test_each_record_of_a_collection_has_its_own_outcome(api: Api) -> None:
    records = [of("Account", Name="A"), of("Account"), of("Contact", LastName="Bo")]
    outcomes = api.rest("POST", "composite/sobjects", {"records": records}).json()
    assert codes(outcomes) == [None, "REQUIRED_FIELD_MISSING", None]
    assert outcomes[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    assert names(api) == ["A"]


def test_all_or_none_rolls_the_good_ones_back(api: Api) -> None:
    records = [of("Account", Name="A"), of("Account")]
    outcomes = api.rest("POST", "composite/sobjects", {"allOrNone": True, "records": records}).json()
    assert codes(outcomes) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert names(api) == []


def test_a_collection_is_updated_and_deleted(api: Api) -> None:
    first, second = (api.create("Account", Name=name) for name in "AB")
    records = [of("Account", Id=first, Name="A2"), of("Account", id=second, Name=None), of("Account", Name="C")]
    outcomes = api.rest("PATCH", "composite/sobjects", {"records": records}).json()
    assert codes(outcomes) == [None, "REQUIRED_FIELD_MISSING", "MISSING_ARGUMENT"]
    assert names(api) == ["A2", "B"]
    wanted = ",".join([first, second, first, "nonsense"])
    outcomes = api.rest("DELETE", "composite/sobjects", ids=wanted).json()
    assert codes(outcomes) == [None, None, "ENTITY_IS_DELETED", "MALFORMED_ID"]
    assert names(api) == []


def test_a_collection_is_upserted_by_external_id(api: Api, org: dict[str, Any]) -> None:
    key = {"name": "Key__c", "type": "string", "length": 9, "externalId": True, "unique": True}
    api.simulator.declare([org["org_id"]], {"name": "Account", "fields": [key]})
    path = "composite/sobjects/Account/Key__c"
    records = [of("Account", Name="A", Key__c="a"), of("Account", Name="B", Key__c="b")]
    assert [outcome["created"] for outcome in api.rest("PATCH", path, {"records": records}).json()] == [True, True]
    records = [of("Account", Name="A2", Key__c="a"), of("Account", Name="C")]
    outcomes = api.rest("PATCH", path, {"records": records}).json()
    assert (outcomes[0]["created"], codes(outcomes)) == (False, [None, "MISSING_ARGUMENT"])
    assert names(api) == ["A2", "B"]


def test_records_are_read_by_their_ids(api: Api) -> None:
    record_id = api.create("Account", Name="A")
    missing = "0015e00000ZZZZZ"
    found = api.rest("GET", "composite/sobjects/Account", ids=f"{record_id},{missing}", fields="Name").json()
    assert (found[0]["Id"], found[0]["Name"], found[1]) == (record_id, "A", None)
    asked = {"ids": [missing, record_id], "fields": ["Id", "Name"]}
    found = api.rest("POST", "composite/sobjects/Account", asked).json()
    assert (found[0], found[1]["Name"]) == (None, "A")


def test_more_than_200_records_are_refused(api: Api) -> None:
    records = [of("Account", Name=str(number)) for number in range(201)]
    refused = api.rest("POST", "composite/sobjects", {"records": records})
    assert refusal(refused)[:2] == (400, "EXCEEDED_ID_LIMIT")
    assert names(api) == []


def test_a_value_of_another_type_refuses_the_whole_call(api: Api) -> None:
    records = [of("Account", Name="A"), of("Account", Name=7)]
    refused = api.rest("POST", "composite/sobjects", {"records": records})
    assert refusal(refused)[:2] == (400, "JSON_PARSER_ERROR")
    assert names(api) == []


def branch(sobject: str, reference_id: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": sobject, "referenceId": reference_id}, **values}


def test_a_tree_grows_with_its_children(api: Api) -> None:
    contacts = {"records": [branch("Contact", "c1", LastName="Bo"), branch("Contact", "c2", LastName="Cy")]}
    tree = {"records": [branch("Account", "a1", Name="A", Contacts=contacts), branch("Account", "a2", Name="B")]}
    answer = api.rest("POST", "composite/tree/Account", tree)
    assert (answer.status_code, answer.json()["hasErrors"]) == (201, False)
    assert {result["referenceId"] for result in answer.json()["results"]} == {"a1", "a2", "c1", "c2"}
    found = api.records("SELECT LastName, Account.Name FROM Contact ORDER BY LastName")
    assert [(record["LastName"], record["Account"]["Name"]) for record in found] == [("Bo", "A"), ("Cy", "A")]


def test_a_tree_with_one_bad_leaf_does_not_grow(api: Api) -> None:
    contacts = {"records": [branch("Contact", "c1", LastName="Bo", Email="nobody")]}
    tree = {"records": [branch("Account", "a1", Name="A", Contacts=contacts)]}
    answer = api.rest("POST", "composite/tree/Account", tree)
    assert answer.status_code == 400
    assert answer.json()["hasErrors"] is True
    [result] = answer.json()["results"]
    assert (result["referenceId"], result["errors"][0]["statusCode"]) == ("c1", "INVALID_EMAIL_ADDRESS")
    assert names(api) == []


def test_a_tree_without_references_or_of_other_types_is_refused(api: Api) -> None:
    for tree in (
        {},
        {"records": "x"},
        {"records": [of("Account", Name="A")]},
        {"records": [branch("Contact", "c1", LastName="Bo")]},
        {"records": [branch("Account", "a1", Name="A"), branch("Account", "a1", Name="B")]},
        {"records": [branch("Account", "a1", Name="A", Nothings={"records": []})]},
    ):
        assert refusal(api.rest("POST", "composite/tree/Account", tree))[0] == 400
    assert names(api) == []
