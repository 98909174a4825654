from typing import Any

from tests.simulator.metadata.conftest import META, Soap, apex, fault, manifest, text


def test_describe_names_the_types_with_their_folders_and_children(soap: Soap) -> None:
    [described] = soap.results("describeMetadata", "<asOfVersion>67.0</asOfVersion>")
    found = {text(kind, "xmlName"): kind for kind in described.findall("metadataObjects")}
    apex_class, objects, lwc = (found[name] for name in ("ApexClass", "CustomObject", "LightningComponentBundle"))
    facts = [apex_class.findtext(name) for name in ("directoryName", "suffix", "metaFile", "inFolder")]
    assert facts == ["classes", "cls", "true", "false"]
    assert "CustomField" in [child.text for child in objects.findall("childXmlNames")]
    assert (lwc.findtext("directoryName"), lwc.find("suffix")) == ("lwc", None)
    assert text(described, "partialSaveAllowed") == "true"


def test_a_list_tells_who_changed_what_when(soap: Soap, org: dict[str, Any]) -> None:
    soap.deploy({"package.xml": manifest(ApexClass=["Invoice"]), **apex("Invoice")})
    soap.simulator.edit(org["org_id"], "ApexClass", "Invoice", "CHANGE", person="ana.lima@example.com")
    [found] = soap.list("ApexClass")
    assert (found["fullName"], found["fileName"]) == ("Invoice", "classes/Invoice.cls")
    assert (found["createdById"], found["lastModifiedByName"]) == (
        soap.simulator.login_as(org["org_id"])["user_id"],
        "Ana Lima",
    )
    assert found["lastModifiedDate"].endswith(".000Z")
    assert len(found["id"]) == 18
    assert (found["type"], found["manageableState"]) == ("ApexClass", "unmanaged")


def test_a_list_shows_late_rows_and_hides_deleted_components(soap: Soap, org: dict[str, Any]) -> None:
    soap.simulator.edit(org["org_id"], "ApexClass", "Late", "NEW", visible_after_seconds=600)
    soap.simulator.edit(org["org_id"], "ApexClass", "Gone", "NEW")
    soap.simulator.edit(org["org_id"], "ApexClass", "Gone", "DELETE")
    assert [found["fullName"] for found in soap.list("ApexClass")] == ["Late"]


def test_what_an_org_was_born_with_is_listed(soap: Soap) -> None:
    org = soap.simulator.create_orgs(components=2_000)[0]
    soap.api.token = soap.simulator.login_as(org["org_id"])["access_token"]
    tracked = [row["MemberName"] for row in soap.api.source_members() if row["MemberType"] == "QuickActionDefinition"]
    assert tracked
    assert [found["fullName"] for found in soap.list("QuickAction")] == sorted(tracked)
    assert all("%" not in found["fullName"] for found in soap.list("Layout"))


def test_components_in_folders_are_listed_a_folder_at_a_time(soap: Soap) -> None:
    report = META.format("Report", "<name>Sums</name>")
    folder = META.format("ReportFolder", "<name>Money</name>")
    files = {"reports/Money/Sums.report": report, "reports/Money-meta.xml": folder}
    result = soap.deploy({"package.xml": manifest(Report=["Money", "Money/Sums"]), **files})
    assert text(result, "status") == "Succeeded"
    assert [found["fullName"] for found in soap.list("ReportFolder")] == ["Money"]
    assert [found["fullName"] for found in soap.list("Report", "Money")] == ["Money/Sums"]
    assert soap.list("Report") == []


def test_an_unknown_type_is_a_fault(soap: Soap) -> None:
    answer = soap.call("listMetadata", "<queries><type>Unicorn</type></queries>")
    assert fault(answer) == ("sf:INVALID_TYPE", "INVALID_TYPE: Unknown type:Unicorn")


def test_three_types_at_a_time_are_the_most(soap: Soap) -> None:
    query = "<queries><type>ApexClass</type></queries>"
    assert soap.results("listMetadata", query * 3) == []
    assert fault(soap.call("listMetadata", query * 4))[0] == "sf:EXCEEDED_MAX_TYPES_LIMIT"
