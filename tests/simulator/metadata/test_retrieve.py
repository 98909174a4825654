from typing import Any

import pytest

from tests.simulator.metadata.conftest import META, Soap, apex, elements, fault, manifest, text, types

FIELD = "<fields><fullName>{0}</fullName><label>{0}</label><type>Text</type></fields>"


def test_what_was_deployed_comes_back_as_it_was(soap: Soap) -> None:
    files = apex("Invoice", "Integer amount; // <&> ü\n")
    soap.deploy({"package.xml": manifest(ApexClass=["Invoice"]), **files})
    got, result = soap.retrieve(ApexClass=["Invoice"])
    assert got.pop("unpackaged/package.xml").count("<members>Invoice</members>") == 1
    assert got == {f"unpackaged/{path}": content for path, content in files.items()}
    found = [(text(entry, "fullName"), text(entry, "fileName")) for entry in result.findall("fileProperties")]
    assert found == [
        ("Invoice", "unpackaged/classes/Invoice.cls"),
        ("unpackaged/package.xml", "unpackaged/package.xml"),
    ]


INVENTED = {
    ("ApexClass", "Invoice"): ("classes/Invoice.cls", "class Invoice {"),
    ("ApexTrigger", "InvoiceTrigger"): ("triggers/InvoiceTrigger.trigger", "trigger InvoiceTrigger on "),
    ("LightningComponentBundle", "invoiceCard"): ("lwc/invoiceCard/invoiceCard.js", "class InvoiceCard extends"),
    ("CustomObject", "Invoice__c"): ("objects/Invoice__c.object", "<label>Invoice__c</label>"),
    ("Layout", "Invoice__c-Invoice Layout"): ("layouts/Invoice__c-Invoice Layout.layout", "<Layout xmlns="),
    ("QuickAction", "Invoice__c.Close"): ("quickActions/Invoice__c.Close.quickAction", "<label>Close<"),
    ("Flow", "Invoice_Screen"): ("flows/Invoice_Screen.flow", "<status>Draft</status>"),
    ("StaticResource", "Logo"): ("staticresources/Logo.resource", "Logo"),
    ("RemoteSiteSetting", "Bank"): ("remoteSiteSettings/Bank.remoteSite", "<RemoteSiteSetting xmlns="),
}


@pytest.mark.parametrize("component", INVENTED)
def test_a_component_known_by_edits_only_has_a_plausible_source(
    soap: Soap, org: dict[str, Any], component: tuple[str, str]
) -> None:
    kind, name = component
    tracked = {"QuickAction": "QuickActionDefinition"}.get(kind, kind)
    soap.simulator.edit(org["org_id"], tracked, name.replace(" ", "%20"), "NEW", person="ana.lima@example.com")
    got, result = soap.retrieve(**{kind: [name]})
    path, content = INVENTED[component]
    assert content in got[f"unpackaged/{path}"]
    assert text(result, "fileProperties/lastModifiedByName") == "Ana Lima"


def test_what_was_invented_can_be_deployed_and_is_the_same(soap: Soap, org: dict[str, Any]) -> None:
    for kind, name in (("ApexClass", "A"), ("CustomObject", "B__c"), ("CustomField", "B__c.C__c"), ("Flow", "D")):
        soap.simulator.edit(org["org_id"], kind, name, "NEW")
    wanted = {"ApexClass": ["A"], "CustomObject": ["B__c"], "Flow": ["D"]}
    got, _ = soap.retrieve(**wanted)
    files = {path.removeprefix("unpackaged/"): content for path, content in got.items()}
    result = soap.deploy(files)
    assert text(result, "status") == "Succeeded"
    changed = [text(message, "fullName") for message in result.findall("details/componentSuccesses")]
    assert changed == ["A", "D", "B__c", "B__c.C__c", "package.xml"]
    assert {row["RevisionCounter"] for row in soap.api.source_members()} == {
        entry["revision"] for entry in soap.simulator.journal() if entry["org_id"] == org["org_id"]
    }


def test_a_field_alone_comes_in_its_objects_file(soap: Soap, org: dict[str, Any]) -> None:
    fields = FIELD.format("Amount__c") + FIELD.format("Due__c")
    file = META.format("CustomObject", f"<label>Invoice</label>{fields}")
    package = manifest(CustomObject=["Invoice__c"])
    soap.deploy({"package.xml": package, "objects/Invoice__c.object": file})
    got, _ = soap.retrieve(CustomField=["Invoice__c.Due__c"])
    alone = got["unpackaged/objects/Invoice__c.object"]
    assert "Due__c" in alone
    assert "Amount__c" not in alone
    assert "<label>Invoice</label>" not in alone
    got, _ = soap.retrieve(CustomObject=["Invoice__c"])
    whole = got["unpackaged/objects/Invoice__c.object"]
    assert [name in whole for name in ("Due__c", "Amount__c", "<label>Invoice</label>")] == [True] * 3


def test_a_star_takes_every_component_of_a_type(soap: Soap, org: dict[str, Any]) -> None:
    for name in ("A", "B"):
        soap.simulator.edit(org["org_id"], "ApexClass", name, "NEW")
    soap.simulator.edit(org["org_id"], "ApexClass", "Gone", "DELETE")
    got, _ = soap.retrieve(ApexClass=["*"])
    assert {path for path in got if path.endswith(".cls")} == {f"unpackaged/classes/{name}.cls" for name in "AB"}


def test_what_is_not_there_gives_a_message(soap: Soap, org: dict[str, Any]) -> None:
    soap.simulator.edit(org["org_id"], "ApexClass", "Gone", "DELETE")
    got, result = soap.retrieve(ApexClass=["Gone"], Unicorn=["*"])
    assert set(got) == {"unpackaged/package.xml"}
    assert [text(message, "problem") for message in result.findall("messages")] == [
        "Entity of type 'ApexClass' named 'Gone' cannot be found",
        "Unknown type name 'Unicorn' specified in package.xml",
    ]


def test_a_retrieve_waits_runs_and_gives_its_zip_once(soap: Soap) -> None:
    inner = f"<request><apiVersion>67.0</apiVersion><unpackaged>{types({'ApexClass': ['*']})}</unpackaged></request>"
    [begun] = soap.results("retrieve", inner)
    assert (text(begun, "done"), text(begun, "state")) == ("false", "Queued")
    check = f"<asyncProcessId>{text(begun, 'id')}</asyncProcessId>"
    states = []
    for seconds in (0, 0.5, 5, 0):
        soap.simulator.step(seconds)
        [result] = soap.results("checkRetrieveStatus", check)
        states.append((text(result, "status"), result.find("zipFile") is not None))
    assert states == [("Pending", False), ("InProgress", False), ("Succeeded", True), ("Succeeded", False)]
    [older] = soap.results("checkStatus", check)
    assert (text(older, "done"), text(older, "state")) == ("true", "Completed")


def test_too_many_files_fail(soap: Soap) -> None:
    org = soap.simulator.create_orgs(components=30_000)[0]
    soap.api.token = soap.simulator.login_as(org["org_id"])["access_token"]
    inner = f"<request><unpackaged>{types({'ApexClass': ['*']})}</unpackaged></request>"
    [begun] = soap.results("retrieve", inner)
    soap.simulator.step(5)
    [result] = soap.results("checkRetrieveStatus", f"<asyncProcessId>{text(begun, 'id')}</asyncProcessId>")
    assert (text(result, "status"), text(result, "errorStatusCode")) == ("Failed", "LIMIT_EXCEEDED")


def test_a_package_that_is_not_there_gives_a_message(soap: Soap) -> None:
    [begun] = soap.results("retrieve", "<request><packageNames>Helios</packageNames></request>")
    soap.simulator.step(5)
    [result] = soap.results("checkRetrieveStatus", f"<asyncProcessId>{text(begun, 'id')}</asyncProcessId>")
    assert text(result, "messages/problem") == "No package named 'Helios' found"


def test_a_retrieve_needs_a_request(soap: Soap) -> None:
    assert fault(soap.call("retrieve"))[0] == "soapenv:Client"
    assert elements(soap.call("retrieve", "<retrieveRequest/>")).find("Body/retrieveResponse/result/id") is not None


def test_a_report_comes_with_its_folder_if_both_are_named(soap: Soap) -> None:
    files = {
        "reports/Money/Sums.report": META.format("Report", "<name>Sums</name>"),
        "reports/Money-meta.xml": META.format("ReportFolder", "<name>Money</name>"),
    }
    soap.deploy({"package.xml": manifest(Report=["Money/", "Money/Sums"]), **files})
    got, result = soap.retrieve(Report=["Money", "Money/Sums"])
    assert result.findall("messages") == []
    assert {path: content for path, content in got.items() if not path.endswith("package.xml")} == {
        f"unpackaged/{path}": content for path, content in files.items()
    }


def test_labels_are_tracked_one_by_one(soap: Soap, edits_since: Any) -> None:
    label = "<labels><fullName>{0}</fullName><language>en_US</language><value>{0}</value></labels>"
    file = META.format("CustomLabels", label.format("Hello") + label.format("Bye"))
    soap.deploy({"package.xml": manifest(CustomLabels=["CustomLabels"]), "labels/CustomLabels.labels": file})
    assert [edit[:3] for edit in edits_since()] == [("CustomLabel", "Hello", "NEW"), ("CustomLabel", "Bye", "NEW")]
    got, _ = soap.retrieve(CustomLabel=["Bye"])
    assert "Hello" not in got["unpackaged/labels/CustomLabels.labels"]
    got, _ = soap.retrieve(CustomLabels=["CustomLabels"])
    assert "Hello" in got["unpackaged/labels/CustomLabels.labels"]


def test_attributes_of_xml_schema_survive(soap: Soap) -> None:
    field = '<fields><fullName>A__c</fullName><x:y xmlns:x="u:z"/><label i:nil="true"/></fields>'
    file = META.format("CustomObject", f"<label>B</label>{field}").replace(
        "<CustomObject", '<CustomObject xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    )
    soap.deploy({"package.xml": manifest(CustomObject=["B__c"]), "objects/B__c.object": file})
    got, _ = soap.retrieve(CustomField=["B__c.A__c"])
    assert '<label xsi:nil="true"/>' in got["unpackaged/objects/B__c.object"]
    assert 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"' in got["unpackaged/objects/B__c.object"]
