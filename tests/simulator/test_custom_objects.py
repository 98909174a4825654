from typing import Any

import pytest

from tests.simulator.conftest import Api, refusal

INVOICE = {
    "name": "Invoice__c",
    "label": "Invoice",
    "fields": [
        {"name": "Number__c", "type": "string", "length": 20, "externalId": True, "unique": True},
        {"name": "Batch__c", "type": "string", "length": 20, "externalId": True},
        {"name": "Status__c", "type": "picklist", "values": ["Open", "Paid"], "default": "Open", "restricted": True},
        {"name": "Account__c", "type": "reference", "referenceTo": ["Account"], "childRelationshipName": "Invoices"},
        {"name": "Total__c", "type": "currency", "precision": 18, "scale": 2, "required": True},
    ],
}
KEY = {"name": "Account", "fields": [{"name": "Key__c", "type": "string", "length": 9, "externalId": True}]}


@pytest.fixture
def api(api: Api, org: dict[str, Any]) -> Api:
    api.simulator.declare([org["org_id"]], INVOICE, KEY)
    return api


def test_a_declared_object_is_described(api: Api, hub: Api) -> None:
    described = api.rest("GET", "sobjects/Invoice__c/describe").json()
    fields = {field["name"]: field for field in described["fields"]}
    assert (described["custom"], described["keyPrefix"][0]) == (True, "a")
    assert (fields["Number__c"]["externalId"], fields["Number__c"]["idLookup"]) == (True, True)
    assert fields["Account__c"]["relationshipName"] == "Account__r"
    children = api.rest("GET", "sobjects/Account/describe").json()["childRelationships"]
    assert "Invoices__r" in {child["relationshipName"] for child in children}
    assert refusal(hub.rest("GET", "sobjects/Invoice__c"))[0] == 404


def test_its_records_are_queried_both_ways(api: Api) -> None:
    account = api.create("Account", Name="Acme", Key__c="k1")
    invoice = api.create("Invoice__c", Total__c=3.5, Account__r={"Key__c": "K1"})
    assert api.records("SELECT Name, Account__r.Name, Status__c FROM Invoice__c")[0] | {"Account__r": None} == {
        "Name": invoice,
        "Account__r": None,
        "Status__c": "Open",
    }
    [found] = api.records(f"SELECT (SELECT Total__c FROM Invoices__r) FROM Account WHERE Id = '{account}'")
    assert found["Invoices__r"]["records"][0]["Total__c"] == 3.5


def test_a_restricted_picklist_and_a_unique_field_refuse(api: Api) -> None:
    refused = api.rest("POST", "sobjects/Invoice__c", {"Total__c": 1, "Status__c": "Lost"})
    assert refusal(refused) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Status__c"])
    first = api.create("Invoice__c", Total__c=1, Number__c="a")
    refused = api.rest("POST", "sobjects/Invoice__c", {"Total__c": 1, "Number__c": "A"})
    assert refusal(refused) == (400, "DUPLICATE_VALUE", ["Number__c"])
    assert first[:15] in refused.json()[0]["message"]
    api.rest("DELETE", f"sobjects/Invoice__c/{first}")
    api.create("Invoice__c", Total__c=1, Number__c="A")


def test_upsert_inserts_and_then_updates(api: Api) -> None:
    path = "sobjects/Invoice__c/Number__c/2026%2F1"
    made = api.rest("PATCH", path, {"Total__c": 1})
    assert (made.status_code, made.json()["created"]) == (201, True)
    changed = api.rest("PATCH", path, {"Total__c": 2})
    assert (changed.status_code, changed.json()) == (200, {**made.json(), "created": False})
    assert api.rest("GET", path).json()["Total__c"] == 2.0
    assert api.call("PATCH", "/services/data/v45.0/" + path, json={"Total__c": 3}).status_code == 204
    assert api.rest("DELETE", path).status_code == 204
    assert refusal(api.rest("GET", path))[0] == 404


def test_upsert_with_a_key_that_several_have_offers_them(api: Api) -> None:
    ids = [api.create("Invoice__c", Total__c=1, Batch__c="b") for _ in range(2)]
    answer = api.rest("PATCH", "sobjects/Invoice__c/Batch__c/b", {"Total__c": 2})
    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v67.0/sobjects/Invoice__c/{record_id}" for record_id in ids]
    assert api.rest("GET", "sobjects/Invoice__c/Batch__c/b").status_code == 300


def test_upsert_by_a_field_that_is_no_key_is_not_found(api: Api) -> None:
    for field in ("Total__c", "Nope__c"):
        answer = api.rest("PATCH", f"sobjects/Invoice__c/{field}/1", {"Total__c": 2})
        assert refusal(answer)[:2] == (404, "NOT_FOUND")


def test_a_field_declared_later_is_empty_in_older_records(api: Api, org: dict[str, Any]) -> None:
    record_id = api.create("Account", Name="Old")
    api.simulator.declare([org["org_id"]], {"name": "Account", "fields": [{"name": "Vip__c", "type": "boolean"}]})
    assert api.rest("GET", f"sobjects/Account/{record_id}", fields="Vip__c,Key__c").json()["Vip__c"] is False


def test_names_can_count_up(api: Api, org: dict[str, Any]) -> None:
    name = {"name": "Name", "type": "string", "nameField": True, "autoNumber": "R-{0:03d}"}
    api.simulator.declare([org["org_id"]], {"name": "Receipt__c", "fields": [name]})
    api.create("Receipt__c")
    assert api.records("SELECT Name FROM Receipt__c") == [{"Name": "R-001"}]


def test_a_platform_event_is_enqueued_and_cannot_be_queried(api: Api, org: dict[str, Any]) -> None:
    event = {"name": "Ping__e", "fields": [{"name": "Text__c", "type": "string", "required": True}]}
    api.simulator.declare([org["org_id"]], event)
    answer = api.rest("POST", "sobjects/Ping__e", {"Text__c": "x"})
    assert (answer.status_code, answer.json()["id"][0]) == (201, "e")
    assert answer.json()["errors"][0]["statusCode"] == "OPERATION_ENQUEUED"
    assert refusal(api.rest("POST", "sobjects/Ping__e", {}))[1] == "REQUIRED_FIELD_MISSING"
    assert refusal(api.query("SELECT Id FROM Ping__e"))[1] == "INVALID_TYPE"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Invoice"},
        {"name": "Invoice2__c", "fields": [{"name": "Number", "type": "string"}]},
        {"name": "Invoice2__c", "fields": [{"name": "N__c", "type": "text"}]},
        {"name": "Invoice2__c", "fields": [{"name": "N__c", "type": "string", "size": 3}]},
        {"name": "Invoice2__c", "fields": [{"name": "N__c", "type": "reference", "referenceTo": ["Nope"]}]},
        {"name": "Invoice2__c", "fields": [{"name": "N__c", "type": "reference"}]},
        {"name": "Invoice2__c", "fields": [{"name": "N__c", "type": "reference", "referenceTo": [5]}]},
        {"name": "Invoice2__c", "fields": [{"name": "N__c", "type": "string", "autoNumber": "{1}"}]},
        {"name": "Invoice2__c", "fields": ["N__c"]},
        {"name": "User", "fields": [{"name": "N__c", "type": "string"}]},
    ],
)
def test_a_wrong_declaration_is_refused_with_a_reason(api: Api, org: dict[str, Any], wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="400"):
        api.simulator.declare([org["org_id"]], wrong)
