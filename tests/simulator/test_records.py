from typing import Any

import pytest

from tests.simulator.conftest import Api, refusal


def test_a_record_is_made_read_changed_and_deleted(api: Api) -> None:
    record_id = api.create("Account", name="Acme", rating="hot", AnnualRevenue=12, Phone=" 123 ")
    path = f"sobjects/Account/{record_id}"
    made = api.rest("GET", path).json()
    assert made["attributes"] == {"type": "Account", "url": f"/services/data/v67.0/{path}"}
    assert (made["Name"], made["Rating"], made["AnnualRevenue"], made["Phone"]) == ("Acme", "Hot", 12.0, "123")
    assert api.rest("PATCH", path, {"Name": "Acme 2", "Rating": None}).status_code == 204
    changed = api.rest("GET", path[:-3]).json()
    assert (changed["Name"], changed["Rating"]) == ("Acme 2", None)
    assert api.rest("DELETE", path).status_code == 204
    assert refusal(api.rest("GET", path)) == (404, "NOT_FOUND", None)
    assert refusal(api.rest("PATCH", path, {"Name": "x"})) == (404, "ENTITY_IS_DELETED", [])
    assert refusal(api.rest("DELETE", path)) == (404, "ENTITY_IS_DELETED", [])


def test_salesforce_keeps_who_and_when(api: Api, org: dict[str, Any]) -> None:
    user_id = api.records("SELECT Id FROM User")[0]["Id"]
    record_id = api.create("Contact", FirstName="Ada", LastName="Bo")
    made = api.rest("GET", f"sobjects/Contact/{record_id}").json()
    assert (made["OwnerId"], made["CreatedById"], made["LastModifiedById"]) == (user_id, user_id, user_id)
    assert made["CreatedDate"] == made["LastModifiedDate"] == made["SystemModstamp"]
    assert (made["Name"], made["IsDeleted"]) == ("Ada Bo", False)
    api.simulator.step(60)
    api.rest("PATCH", f"sobjects/Contact/{record_id}", {"FirstName": "Eve"})
    changed = api.rest("GET", f"sobjects/Contact/{record_id}").json()
    assert changed["LastModifiedDate"] > changed["CreatedDate"] == made["CreatedDate"]
    assert changed["Name"] == "Eve Bo"


def test_only_the_fields_that_are_asked_for_are_read(api: Api) -> None:
    record_id = api.create("Account", Name="Acme")
    found = api.rest("GET", f"sobjects/Account/{record_id}", fields="name, Rating").json()
    assert {name: found[name] for name in found if name != "attributes"} == {
        "Id": record_id,
        "Name": "Acme",
        "Rating": None,
    }
    refused = api.rest("GET", f"sobjects/Account/{record_id}", fields="Nope")
    assert refusal(refused) == (400, "INVALID_FIELD", None)
    assert refused.json()[0]["message"] == "No such column 'Nope' on sobject of type Account"


@pytest.mark.parametrize("record_id", ["nonsense", "001", "0015e00000ZZZZZ", "0035e0000000001"])
def test_an_id_that_names_no_account_is_not_found(api: Api, record_id: str) -> None:
    for method, body in (("GET", None), ("PATCH", {"Name": "x"}), ("DELETE", None)):
        assert refusal(api.rest(method, f"sobjects/Account/{record_id}", body)) == (404, "NOT_FOUND", None)


def test_an_id_with_a_wrong_checksum_is_malformed(api: Api) -> None:
    record_id = api.create("Account", Name="A")
    for method, body in (("GET", None), ("PATCH", {"Name": "x"}), ("DELETE", None)):
        refused = api.rest(method, f"sobjects/Account/{record_id[:15]}000", body)
        assert refusal(refused) == (400, "MALFORMED_ID", [])


def test_an_account_takes_its_contacts_along_but_not_its_orders(api: Api) -> None:
    account = api.create("Account", Name="Acme")
    contact = api.create("Contact", LastName="Bo", AccountId=account)
    order = api.create("Order", AccountId=account, EffectiveDate="2026-01-01", Status="Draft")
    refused = api.rest("DELETE", f"sobjects/Account/{account}")
    assert refusal(refused) == (400, "DELETE_FAILED", [])
    assert "associated with the following orders" in refused.json()[0]["message"]
    assert api.rest("GET", f"sobjects/Contact/{contact}").status_code == 200
    api.rest("DELETE", f"sobjects/Order/{order}")
    assert api.rest("DELETE", f"sobjects/Account/{account}").status_code == 204
    assert api.rest("GET", f"sobjects/Contact/{contact}").status_code == 404


def test_what_only_looks_up_a_deleted_record_forgets_it(api: Api) -> None:
    parent = api.create("Account", Name="Parent")
    child = api.create("Account", Name="Child", ParentId=parent)
    api.rest("DELETE", f"sobjects/Account/{parent}")
    assert api.rest("GET", f"sobjects/Account/{child}").json()["ParentId"] is None


def test_numbers_count_up_by_themselves(api: Api) -> None:
    ids = [api.create("Case", Subject="x") for _ in range(2)]
    numbers = [api.rest("GET", f"sobjects/Case/{record_id}").json()["CaseNumber"] for record_id in ids]
    assert numbers == ["00001000", "00001001"]


def test_a_case_and_an_opportunity_follow_their_stage(api: Api) -> None:
    case = api.create("Case", Subject="x")
    assert api.rest("GET", f"sobjects/Case/{case}").json()["Status"] == "New"
    api.rest("PATCH", f"sobjects/Case/{case}", {"Status": "Closed"})
    closed = api.rest("GET", f"sobjects/Case/{case}").json()
    assert (closed["IsClosed"], closed["ClosedDate"]) == (True, closed["LastModifiedDate"])
    deal = api.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-05-01", Amount=200)
    won = api.rest("GET", f"sobjects/Opportunity/{deal}").json()
    assert (won["Probability"], won["ExpectedRevenue"], won["FiscalQuarter"]) == (10.0, 20.0, 2)
    api.rest("PATCH", f"sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    won = api.rest("GET", f"sobjects/Opportunity/{deal}").json()
    assert (won["IsWon"], won["IsClosed"], won["Probability"]) == (True, True, 100.0)


def test_orgs_do_not_see_each_others_records(api: Api, hub: Api) -> None:
    record_id = api.create("Account", Name="Mine")
    assert hub.records("SELECT Id FROM Account WHERE Name = 'Mine'") == []
    assert refusal(hub.rest("GET", f"sobjects/Account/{record_id}"))[0] == 404


def test_some_objects_are_not_changed_this_way(api: Api) -> None:
    assert refusal(api.rest("POST", "sobjects/Organization", {"Name": "x"}))[0] == 400
    organization = api.records("SELECT Id FROM Organization")[0]["Id"]
    assert refusal(api.rest("DELETE", f"sobjects/Organization/{organization}"))[0] == 400
