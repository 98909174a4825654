from typing import Any

import pytest

from tests.simulator.conftest import Api, refusal

TEN = ("Account", "Contact", "Opportunity", "Case", "User", "Product2", "Pricebook2", "PricebookEntry", "Order")


def fields_of(api: Api, sobject: str) -> dict[str, Any]:
    described = api.rest("GET", f"sobjects/{sobject}/describe").json()
    return {field["name"]: field for field in described["fields"]}


def test_the_global_describe_lists_every_object_with_its_flags(api: Api) -> None:
    everything = api.rest("GET", "sobjects").json()
    objects = {sobject["name"]: sobject for sobject in everything["sobjects"]}
    assert everything["maxBatchSize"] == 200
    assert {*TEN, "OrderItem", "Organization"} <= objects.keys()
    account = objects["Account"]
    assert (account["keyPrefix"], account["labelPlural"], account["custom"]) == ("001", "Accounts", False)
    assert account["urls"]["describe"] == "/services/data/v67.0/sobjects/Account/describe"
    assert (objects["Organization"]["createable"], objects["Organization"]["queryable"]) == (False, True)
    assert "ScratchOrgInfo" not in objects


def test_the_hub_knows_the_objects_of_its_scratch_orgs(hub: Api) -> None:
    objects = {sobject["name"] for sobject in hub.rest("GET", "sobjects").json()["sobjects"]}
    assert {"ScratchOrgInfo", "ActiveScratchOrg"} <= objects
    fields = fields_of(hub, "ScratchOrgInfo")
    assert (fields["Edition"]["createable"], fields["Status"]["createable"]) == (True, False)
    assert fields["OwnerId"]["referenceTo"] == ["User"]


def test_a_field_tells_its_type_and_its_limits(api: Api) -> None:
    fields = fields_of(api, "Account")
    assert (fields["Name"]["type"], fields["Name"]["length"], fields["Name"]["nameField"]) == ("string", 255, True)
    assert (fields["AnnualRevenue"]["type"], fields["AnnualRevenue"]["precision"]) == ("currency", 18)
    assert (fields["NumberOfEmployees"]["type"], fields["NumberOfEmployees"]["digits"]) == ("int", 8)
    assert fields["CreatedDate"]["type"] == "datetime"
    assert fields["CreatedDate"]["createable"] is False
    assert (fields["Description"]["filterable"], fields["BillingStreet"]["filterable"]) == (False, True)


def test_a_picklist_tells_its_values_and_its_default(api: Api) -> None:
    status = fields_of(api, "Case")["Status"]
    values = {value["value"]: value for value in status["picklistValues"]}
    assert set(values["New"]) == {"active", "defaultValue", "label", "validFor", "value"}
    assert (values["New"]["defaultValue"], values["Closed"]["defaultValue"]) == (True, False)
    assert status["restrictedPicklist"] is False


def test_a_reference_names_what_it_refers_to_and_the_parent_its_children(api: Api) -> None:
    account_id = fields_of(api, "Contact")["AccountId"]
    assert (account_id["referenceTo"], account_id["relationshipName"]) == (["Account"], "Account")
    children = api.rest("GET", "sobjects/account/describe").json()["childRelationships"]
    contacts = next(child for child in children if child["relationshipName"] == "Contacts")
    assert (contacts["childSObject"], contacts["field"], contacts["cascadeDelete"]) == ("Contact", "AccountId", True)


def test_required_is_what_can_be_created_and_neither_be_null_nor_defaulted(api: Api) -> None:
    def required(sobject: str) -> set[str]:
        return {
            field["name"]
            for field in fields_of(api, sobject).values()
            if field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]
        }

    assert required("Contact") == {"LastName"}
    assert required("Opportunity") == {"Name", "StageName", "CloseDate"}
    assert required("PricebookEntry") == {"Pricebook2Id", "Product2Id", "UnitPrice"}


def test_the_basic_information_names_recent_records(api: Api) -> None:
    record_id = api.create("Account", Name="Recent")
    basics = api.rest("GET", "sobjects/Account").json()
    assert basics["objectDescribe"]["name"] == "Account"
    assert basics["recentItems"][0]["Id"] == record_id
    assert basics["recentItems"][0]["Name"] == "Recent"


def test_the_tooling_api_describes_source_member(api: Api, hub: Api) -> None:
    described = api.rest("GET", "tooling/sobjects/SourceMember/describe").json()
    assert {"MemberName", "RevisionCounter"} <= {field["name"] for field in described["fields"]}
    assert refusal(hub.rest("GET", "tooling/sobjects/SourceMember/describe"))[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["sobjects/Nothing", "sobjects/Nothing/describe", "sobjects/Permissionset/describe"])
def test_an_object_that_is_none_is_not_found(api: Api, path: str) -> None:
    assert refusal(api.rest("GET", path))[:2] == (404, "NOT_FOUND")
