import random
from base64 import b64encode
from typing import Any

import pytest

from tests.simulator.conftest import Api
from tests.simulator.metadata.conftest import (
    CLASS_META,
    META,
    Files,
    Soap,
    apex,
    failures,
    fault,
    manifest,
    messages,
    text,
    zipped,
)
from tests.simulators import Simulator

OBJECT = META.format(
    "CustomObject",
    "<label>Invoice</label>{fields}<nameField><label>Name</label><type>Text</type></nameField>",
)
FIELD = "<fields><fullName>{0}</fullName><label>{0}</label><length>80</length><type>Text</type></fields>"


def invoice(*fields: str) -> Files:
    inner = "".join(FIELD.format(field) for field in fields)
    return {"objects/Invoice__c.object": OBJECT.replace("{fields}", inner)}


def a_class(body: str = "", name: str = "Invoice") -> Files:
    return {"package.xml": manifest(ApexClass=[name]), **apex(name, body)}


def deletion(when: str = "", **members: list[str]) -> Files:
    return {"package.xml": manifest(), f"destructiveChanges{when}.xml": manifest(**members)}


def test_a_deploy_waits_runs_and_ends(soap: Soap) -> None:
    job = soap.begin_deploy(a_class())
    waiting = soap.deploy_status(job)
    assert (text(waiting, "status"), text(waiting, "done"), text(waiting, "success")) == ("Pending", "false", "false")
    soap.simulator.step(0.6)
    assert text(soap.deploy_status(job), "status") == "InProgress"
    soap.simulator.step(5)
    ended = soap.deploy_status(job)
    assert (text(ended, "status"), text(ended, "done"), text(ended, "success")) == ("Succeeded", "true", "true")
    assert (text(ended, "numberComponentsDeployed"), text(ended, "numberComponentsTotal")) == ("1", "1")
    assert text(ended, "createdDate") <= text(ended, "startDate") <= text(ended, "completedDate")


def test_a_new_class_is_created_then_changed_then_the_same(soap: Soap, edits_since: Any, org: dict[str, Any]) -> None:
    ends = [messages(soap.deploy(a_class(body))) for body in ("", "Integer i;", "Integer i;")]
    assert ends == [[("ApexClass", "Invoice", end)] for end in ("created", "changed", "unchanged")]
    me = org["username"]
    assert edits_since() == [("ApexClass", "Invoice", "NEW", me), ("ApexClass", "Invoice", "CHANGE", me)]
    [row] = soap.api.source_members()
    assert (row["MemberName"], row["IsNewMember"], row["IsNameObsolete"]) == ("Invoice", True, False)


def test_a_deploy_is_by_the_user_whose_session_it_is(soap: Soap, api: Api, org: dict[str, Any]) -> None:
    soap.simulator.edit(org["org_id"], "ApexClass", "Seen", "NEW", person="ana.lima@example.com")
    ana = Api(soap.simulator, api.jwt("ana.lima@example.com").json()["access_token"])
    result = Soap(soap.simulator, ana).deploy(a_class())
    assert text(result, "createdByName") == "Ana Lima"
    row = next(row for row in api.source_members() if row["MemberName"] == "Invoice")
    assert row["ChangedBy"] == text(result, "createdBy")[:15]


def test_a_field_of_an_object_is_a_component_of_its_own(soap: Soap, edits_since: Any) -> None:
    both = {"package.xml": manifest(CustomObject=["Invoice__c"]), **invoice("Amount__c")}
    created = [("CustomObject", "Invoice__c", "created"), ("CustomField", "Invoice__c.Amount__c", "created")]
    assert messages(soap.deploy(both)) == created
    field = {"package.xml": manifest(CustomField=["Invoice__c.Due__c"]), **invoice("Amount__c", "Due__c")}
    assert messages(soap.deploy(field)) == [("CustomField", "Invoice__c.Due__c", "created")]
    kinds = [edit[:3] for edit in edits_since()]
    assert kinds == [
        ("CustomObject", "Invoice__c", "NEW"),
        ("CustomField", "Invoice__c.Amount__c", "NEW"),
        ("CustomField", "Invoice__c.Due__c", "NEW"),
    ]


def test_a_bundles_files_are_tracked_beside_the_bundle(soap: Soap, edits_since: Any) -> None:
    meta = META.format("LightningComponentBundle", "<apiVersion>67.0</apiVersion>")
    files = {
        "package.xml": manifest(LightningComponentBundle=["invoiceCard"]),
        "lwc/invoiceCard/invoiceCard.js": "export default class InvoiceCard {}",
        "lwc/invoiceCard/invoiceCard.html": "<template></template>",
        "lwc/invoiceCard/invoiceCard.js-meta.xml": meta,
    }
    assert messages(soap.deploy(files)) == [("LightningComponentBundle", "invoiceCard", "created")]
    less = {path: content for path, content in files.items() if not path.endswith(".html")}
    assert messages(soap.deploy(less)) == [("LightningComponentBundle", "invoiceCard", "changed")]
    assert [edit[:3] for edit in edits_since()] == [
        ("LightningComponentResource", "invoiceCard/invoiceCard.html", "NEW"),
        ("LightningComponentResource", "invoiceCard/invoiceCard.js", "NEW"),
        ("LightningComponentResource", "invoiceCard/invoiceCard.js-meta.xml", "NEW"),
        ("LightningComponentBundle", "invoiceCard", "NEW"),
        ("LightningComponentResource", "invoiceCard/invoiceCard.html", "DELETE"),
        ("LightningComponentBundle", "invoiceCard", "CHANGE"),
    ]


@pytest.mark.parametrize("when", ["", "Pre", "Post"])
def test_destructive_changes_delete(soap: Soap, edits_since: Any, when: str) -> None:
    soap.deploy(a_class())
    result = soap.deploy(deletion(when, ApexClass=["Invoice"]))
    assert messages(result) == [("ApexClass", "Invoice", "deleted")]
    assert text(result, "status") == "Succeeded"
    assert edits_since()[-1][:3] == ("ApexClass", "Invoice", "DELETE")
    assert soap.api.source_members()[0]["IsNameObsolete"] is True
    assert messages(soap.deploy(a_class())) == [("ApexClass", "Invoice", "created")]


def test_an_object_takes_its_fields_along_when_it_is_deleted(soap: Soap, edits_since: Any) -> None:
    soap.deploy({"package.xml": manifest(CustomObject=["Invoice__c"]), **invoice("Amount__c")})
    soap.deploy(deletion(CustomObject=["Invoice__c"]))
    assert {edit[1] for edit in edits_since() if edit[2] == "DELETE"} == {"Invoice__c", "Invoice__c.Amount__c"}


def test_deleting_what_is_not_there_is_a_warning_that_fails_unless_ignored(soap: Soap) -> None:
    result = soap.deploy(deletion(ApexClass=["Nothing"]))
    assert failures(result) == [("ApexClass", "destructiveChanges.xml", "No ApexClass named: Nothing found")]
    assert text(result, "details/componentFailures/problemType") == "Warning"
    assert (text(result, "status"), text(result, "success")) == ("Failed", "false")
    ignored = soap.deploy(deletion(ApexClass=["Nothing"]), ignoreWarnings=True)
    assert messages(ignored) == [("ApexClass", "destructiveChanges.xml", "No ApexClass named: Nothing found")]
    assert (text(ignored, "status"), text(ignored, "success")) == ("Succeeded", "true")


@pytest.mark.parametrize(
    ("source", "problem", "line", "column"),
    [
        ("public class Invoice {\n  void f() {\n}\n", "Expecting '}' but was: '<EOF>'", "4", "1"),
        ("public class Invoice {\n}\n}", "Unexpected token '}'.", "3", "1"),
        ("public class Invoice { void f(] }", "Unexpected token ']'.", "1", "31"),
        (
            "public class Invoice {\n String s = 'a\n';}",
            "Illegal string literal: Line breaks are not allowed in string literals",
            "2",
            "13",
        ),
        ("", "Unexpected token '<EOF>'.", "1", "1"),
        ("hello", "Unexpected token 'hello'.", "1", "1"),
    ],
)
def test_a_class_that_does_not_compile_fails(soap: Soap, source: str, problem: str, line: str, column: str) -> None:
    result = soap.deploy({**a_class(), "classes/Invoice.cls": source})
    assert failures(result) == [("ApexClass", "Invoice", problem)]
    [failure] = result.findall("details/componentFailures")
    assert (text(failure, "lineNumber"), text(failure, "columnNumber")) == (line, column)
    assert (text(result, "status"), text(result, "numberComponentErrors")) == ("Failed", "1")
    assert soap.api.source_members() == []


def test_brackets_in_strings_and_comments_do_not_count(soap: Soap) -> None:
    body = "// { \n String a = '}\\'{'; /* ]]] { */ List<Integer> b = new Integer[]{1};"
    assert text(soap.deploy(a_class(body)), "status") == "Succeeded"


def test_one_failure_rolls_everything_back_unless_told_otherwise(soap: Soap) -> None:
    files = {"package.xml": manifest(ApexClass=["Good", "Bad"]), **apex("Good"), **apex("Bad", "{")}
    result = soap.deploy(files)
    assert (text(result, "status"), soap.api.names()) == ("Failed", [])
    assert (text(result, "numberComponentsDeployed"), text(result, "numberComponentsTotal")) == ("1", "2")
    result = soap.deploy(files, rollbackOnError=False)
    assert (text(result, "status"), text(result, "success")) == ("SucceededPartial", "false")
    assert soap.api.names() == ["Good"]


def test_check_only_changes_nothing(soap: Soap) -> None:
    result = soap.deploy(a_class(), checkOnly=True)
    assert (text(result, "status"), text(result, "checkOnly")) == ("Succeeded", "true")
    assert messages(result) == [("ApexClass", "Invoice", "created")]
    assert soap.api.source_members() == []
    assert soap.list("ApexClass") == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ("", "package.xml", "No package.xml found")),
        ({"package.xml": "<oops"}, ("", "package.xml", "Error parsing file: unclosed token.")),
        (
            {"package.xml": manifest(Unicorn=["A"])},
            ("", "package.xml", "Unknown type name 'Unicorn' specified in package.xml"),
        ),
        (
            {"package.xml": manifest(ApexClass=["Invoice"])},
            (
                "",
                "Invoice",
                "An object 'Invoice' of type ApexClass was named in package.xml, but was not found in zipped directory",
            ),
        ),
        ({"package.xml": manifest(), **apex("Invoice")}, ("ApexClass", "Invoice", "Not in package.xml")),
        (
            {"package.xml": manifest(ApexClass=["Invoice"]), "classes/Invoice.cls-meta.xml": CLASS_META},
            ("ApexClass", "Invoice", "classes/Invoice.cls was not found in the zipped directory"),
        ),
        (
            {**a_class(), "classes/Invoice.cls-meta.xml": "nonsense"},
            ("ApexClass", "Invoice", "Error parsing file: Content is not allowed in prolog."),
        ),
        (
            {
                "package.xml": manifest(CustomField=["Lost__c.A__c"]),
                "objects/Lost__c.object": OBJECT.replace("{fields}", FIELD.format("A__c")),
            },
            ("CustomField", "Lost__c.A__c", "Entity of type 'CustomObject' named 'Lost__c' cannot be found"),
        ),
        (
            {
                "package.xml": manifest(CustomObject=["New__c"]),
                "objects/New__c.object": META.format("CustomObject", ""),
            },
            ("CustomObject", "New__c", "Must specify a non-empty label for the CustomObject"),
        ),
        ({"package.xml": manifest(), "elsewhere/a.txt": "x"}, ("", "a", "Not in package.xml")),
        ({"package.xml": manifest(), "classes/../../etc/passwd": "x"}, ("", "passwd", "Not in package.xml")),
    ],
)
def test_a_package_that_does_not_add_up_fails(soap: Soap, files: Files, expected: tuple[str, str, str]) -> None:
    result = soap.deploy(files)
    assert failures(result) == [expected]
    assert text(result, "status") == "Failed"


def test_without_single_package_each_folder_is_a_package(soap: Soap) -> None:
    files = {f"unpackaged/{path}": content for path, content in a_class().items()}
    result = soap.deploy(files, singlePackage=False)
    assert messages(result) == [("ApexClass", "Invoice", "created")]
    assert text(result, "details/componentSuccesses/fileName") == "unpackaged/classes/Invoice.cls"


def test_a_cancelled_deploy_changes_nothing(soap: Soap) -> None:
    job = soap.begin_deploy(a_class())
    [cancelled] = soap.results("cancelDeploy", f"<String>{job}</String>")
    assert text(cancelled, "id") == job
    soap.simulator.step(60)
    assert text(soap.deploy_status(job), "status") == "Canceled"
    assert soap.api.source_members() == []


def test_a_job_is_found_in_its_own_org_only(soap: Soap, simulator: Simulator) -> None:
    job = soap.begin_deploy(a_class())
    other = simulator.create_orgs()[0]
    stranger = Soap(simulator, Api(simulator, simulator.login_as(other["org_id"])["access_token"]))
    for asker, wanted in ((stranger, job), (soap, "0Af5e0000zzzzzz"), (soap, job.replace("0Af", "09S")[:15])):
        answer = asker.call("checkDeployStatus", f"<asyncProcessId>{wanted}</asyncProcessId>")
        assert fault(answer) == (
            "sf:INVALID_CROSS_REFERENCE_KEY",
            "INVALID_CROSS_REFERENCE_KEY: invalid cross reference id",
        )
    assert fault(soap.call("checkDeployStatus", "<asyncProcessId>x</asyncProcessId>"))[0] == "sf:MALFORMED_ID"


def test_an_org_without_source_tracking_takes_deploys_too(simulator: Simulator) -> None:
    org = simulator.create_orgs(source_tracking=False)[0]
    soap = Soap(simulator, Api(simulator, simulator.login_as(org["org_id"])["access_token"]))
    assert messages(soap.deploy(a_class())) == [("ApexClass", "Invoice", "created")]
    assert [found["fullName"] for found in soap.list("ApexClass")] == ["Invoice"]
    soap.deploy(deletion(ApexClass=["Invoice"]))
    assert soap.list("ApexClass") == []


def send(soap: Soap, data: bytes) -> tuple[str, str]:
    return fault(soap.call("deploy", f"<ZipFile>{b64encode(data).decode()}</ZipFile>"))


def test_what_is_no_zip_is_refused(soap: Soap) -> None:
    assert send(soap, b"")[0] == "sf:INVALID_OPERATION"
    assert send(soap, random.Random(1).randbytes(500))[0] == "sf:INVALID_OPERATION"
    assert fault(soap.call("deploy", "<ZipFile>not base64!</ZipFile>"))[0] == "soapenv:Client"
    assert fault(soap.call("deploy"))[0] == "sf:INVALID_OPERATION"


def test_too_many_files_are_refused(soap: Soap) -> None:
    job = soap.call("deploy", f"<ZipFile>{zipped({f'classes/C{n}.cls': '' for n in range(10_001)})}</ZipFile>")
    assert fault(job) == ("sf:INVALID_OPERATION", "INVALID_OPERATION: Too many files in zip")


def test_a_zip_bomb_is_refused(soap: Soap) -> None:
    bomb = soap.call("deploy", f"<ZipFile>{zipped({'classes/Bomb.cls': ' ' * 64_000_001})}</ZipFile>")
    assert fault(bomb)[0] == "sf:LIMIT_EXCEEDED"


def test_a_request_over_the_limit_is_refused(soap: Soap) -> None:
    code, message = fault(soap.post(b" " * 52_428_801))
    assert (code, message.split(".")[0]) == ("sf:LIMIT_EXCEEDED", "LIMIT_EXCEEDED: Maximum size of request reached")


def heavy(name: str) -> Files:
    """60 MB of nothing."""
    return {
        "package.xml": manifest(StaticResource=[name]),
        f"staticresources/{name}.resource": " " * 60_000_000,
        f"staticresources/{name}.resource-meta.xml": META.format(
            "StaticResource", "<contentType>text/plain</contentType>"
        ),
    }


def test_what_orgs_may_hold_is_bounded_and_a_deleted_org_makes_room(simulator: Simulator) -> None:
    orgs = simulator.create_orgs(count=2)
    first, second = (Soap(simulator, Api(simulator, simulator.login_as(org["org_id"])["access_token"])) for org in orgs)
    assert [text(first.deploy(heavy(name)), "status") for name in ("A", "B")] == ["Succeeded"] * 2
    [(kind, name, problem)] = failures(second.deploy(heavy("C")))
    assert (kind, name, problem.split(":")[0]) == ("StaticResource", "C", "LIMIT_EXCEEDED")
    simulator.delete(orgs[0]["org_id"])
    assert text(second.deploy(heavy("C")), "status") == "Succeeded"
    simulator.delete(orgs[1]["org_id"])


def test_waiting_deploys_are_bounded_too(soap: Soap) -> None:
    for name in ("A", "B"):
        soap.begin_deploy(heavy(name), checkOnly=True)
    answer = soap.call("deploy", f"<ZipFile>{zipped(heavy('C'))}</ZipFile>")
    assert fault(answer)[0] == "sf:LIMIT_EXCEEDED"
    soap.simulator.step(60)
    soap.begin_deploy(heavy("C"), checkOnly=True)
    soap.simulator.step(60)
