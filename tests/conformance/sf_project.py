"""The Salesforce CLI in a project: what changed in a scratch org, bringing it here, sending it there."""

import json
from pathlib import Path
from typing import Any

from tests.conformance.operations import must_equal, operation, perform, simulator
from tests.conformance.sf_command import API, HOME, login_to_org, sf, version

PROJECT = HOME / "project"
CLASSES = PROJECT / "force-app/main/default/classes"
MANY = 4_500


def class_file(name: str, body: str = "") -> Path:
    """Writes an Apex class into the project."""
    CLASSES.mkdir(parents=True, exist_ok=True)
    file = CLASSES / f"{name}.cls"
    file.write_text(f"public class {name} {{{body}}}\n")
    status = f"<apiVersion>{API}</apiVersion><status>Active</status>"
    metadata_file(CLASSES / f"{name}.cls-meta.xml", "ApexClass", status)
    return file


def metadata_file(file: Path, kind: str, content: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    opening = f'<{kind} xmlns="http://soap.sforce.com/2006/04/metadata">'
    file.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}{content}</{kind}>\n')


def new_org(alias: str) -> str:
    """A scratch org without components that `sf` is logged in to; its id."""
    org = simulator().create_orgs()[0]
    login_to_org(org, alias)
    return str(org["org_id"])


def preview(alias: str) -> dict[str, list[tuple[str, str]]]:
    """What `sf` would retrieve, would delete, holds for a conflict: type and name of each component."""
    result = sf("project", "retrieve", "preview", "--target-org", alias, folder=PROJECT)
    kinds = ("toRetrieve", "toDelete", "conflicts")
    return {kind: sorted((one["type"], one["fullName"]) for one in result[kind]) for kind in kinds}


def edits_of(org_id: str) -> list[tuple[str, str, str]]:
    """What the simulator's journal says of the org: kind, type and name of each edit, in order."""
    entries = [entry for entry in simulator().journal() if entry["org_id"] == org_id]
    return [(entry["kind"], entry["member_type"], entry["member_name"]) for entry in entries]


@operation
def project_retrieve_preview_after_an_edit() -> None:
    org_id = new_org("watched")
    simulator().edit(org_id, "ApexClass", "Sun", "NEW")
    must_equal(preview("watched"), {"toRetrieve": [("ApexClass", "Sun")], "toDelete": [], "conflicts": []})


@operation
def project_retrieve_preview_after_a_delete() -> None:
    class_file("Sun")
    org_id = org_of("watched")
    simulator().edit(org_id, "ApexClass", "Sun", "DELETE")
    must_equal(preview("watched")["toDelete"], [("ApexClass", "Sun")])
    must_equal(preview("watched")["toRetrieve"], [])


@operation
def project_retrieve_preview_after_4500_edits() -> None:
    org_id = new_org("busy")
    names = [f"Busy{number:04d}" for number in range(MANY)]
    simulator().edits(
        [{"org_id": org_id, "member_type": "ApexClass", "member_name": name, "kind": "NEW"} for name in names]
    )
    must_equal(preview("busy")["toRetrieve"], [("ApexClass", name) for name in names])


@operation
def project_deploy_start() -> None:
    org_id = new_org("workshop")
    class_file("Moon")
    result = deploy("workshop", "Moon")
    states = {(one["type"], one["fullName"], one["state"]) for one in result["files"]}
    must_equal(states, {("ApexClass", "Moon", "Created")})
    must_equal(edits_of(org_id), [("NEW", "ApexClass", "Moon")])


@operation
def project_deploy_start_of_a_change() -> None:
    class_file("Moon", " /* waning */ ")
    result = deploy("workshop", "Moon")
    must_equal({one["state"] for one in result["files"]}, {"Changed"})
    must_equal(edits_of(org_of("workshop")), [("NEW", "ApexClass", "Moon"), ("CHANGE", "ApexClass", "Moon")])


@operation
def project_deploy_start_of_an_object() -> None:
    """A custom object and its field are two components."""
    org_id = new_org("drawing-board")
    folder = PROJECT / "force-app/main/default/objects/Invoice__c"
    metadata_file(
        folder / "Invoice__c.object-meta.xml",
        "CustomObject",
        "<deploymentStatus>Deployed</deploymentStatus><label>Invoice</label><pluralLabel>Invoices</pluralLabel>"
        "<nameField><label>Name</label><type>Text</type></nameField><sharingModel>ReadWrite</sharingModel>",
    )
    metadata_file(
        folder / "fields/Amount__c.field-meta.xml",
        "CustomField",
        "<fullName>Amount__c</fullName><label>Amount</label><type>Number</type>"
        "<precision>18</precision><scale>2</scale><required>false</required>",
    )
    words = ("--source-dir", str(folder), "--target-org", "drawing-board")
    sf("project", "deploy", "start", *words, folder=PROJECT)
    must_equal(
        sorted(edits_of(org_id)),
        [("NEW", "CustomField", "Invoice__c.Amount__c"), ("NEW", "CustomObject", "Invoice__c")],
    )
    must_equal(preview("drawing-board")["toRetrieve"], [])


@operation
def project_deploy_start_refused() -> None:
    """A class whose brace does not close: the deploy fails, says why, and changes nothing."""
    before = edits_of(org_of("workshop"))
    class_file("Broken").write_text("public class Broken {\n")
    try:
        deploy("workshop", "Broken")
    except AssertionError as error:
        refusal = str(error)
    else:
        raise AssertionError("it was deployed")
    assert "Expecting '}' but was: '<EOF>'" in refusal, refusal
    must_equal(edits_of(org_of("workshop")), before)
    for file in CLASSES.glob("Broken.cls*"):
        file.unlink()


@operation
def project_retrieve_start() -> None:
    org_id = org_of("workshop")
    simulator().edit(org_id, "ApexClass", "Star", "NEW")
    result = sf("project", "retrieve", "start", "--target-org", "workshop", folder=PROJECT)
    assert ("ApexClass", "Star") in [(one["type"], one["fullName"]) for one in result["files"]], result
    assert "Star" in (CLASSES / "Star.cls").read_text()


@operation
def project_retrieve_preview_shows_nothing() -> None:
    must_equal(preview("workshop"), {"toRetrieve": [], "toDelete": [], "conflicts": []})


@operation
def project_delete_source() -> None:
    org_id = org_of("workshop")
    words = ("--metadata", "ApexClass:Moon", "--target-org", "workshop", "--no-prompt")
    sf("project", "delete", "source", *words, folder=PROJECT)
    must_equal(edits_of(org_id)[-1], ("DELETE", "ApexClass", "Moon"))
    assert not (CLASSES / "Moon.cls").exists()


@operation
def org_list_metadata() -> None:
    result = sf("org", "list", "metadata", "--metadata-type", "ApexClass", "--target-org", "workshop")
    listed = result if isinstance(result, list) else [result]
    must_equal([one["fullName"] for one in listed], ["Star"])


def deploy(alias: str, name: str) -> Any:
    return sf("project", "deploy", "start", "--metadata", f"ApexClass:{name}", "--target-org", alias, folder=PROJECT)


def org_of(alias: str) -> str:
    """The id of the org that `sf` knows by the alias."""
    return str(sf("org", "display", "--target-org", alias)["id"])


if __name__ == "__main__":
    PROJECT.mkdir()
    (PROJECT / "force-app").mkdir()
    (PROJECT / "sfdx-project.json").write_text(
        json.dumps({"packageDirectories": [{"path": "force-app", "default": True}], "sourceApiVersion": API})
    )
    perform("sf", version())
