"""Whatever a zip holds, its deploy ends, and what it brought in comes back and can be deployed again."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.metadata.conftest import NAMESPACE, Files, Soap, manifest, text
from tests.simulators import Simulator

DIRECTORIES = ("classes", "objects", "labels", "lwc", "reports", "documents", "layouts", "staticresources", "elsewhere")
ENDS = (".cls", ".cls-meta.xml", ".object", ".labels", "/a.js", "/R.report", "/d.png", "/d.png-meta.xml", ".layout", "")
NAMES = st.one_of(st.sampled_from(["A", "A__c", "CustomLabels", "F", "..", "%20", "ü"]), st.text(max_size=5))
TYPES = ("ApexClass", "CustomObject", "CustomField", "CustomLabels", "LightningComponentBundle", "Report", "Document")
INNER = st.lists(
    st.sampled_from(
        [
            "<label>L</label>",
            "<fields><fullName>B__c</fullName></fields>",
            "<fields/>",
            "<labels><fullName>X</fullName></labels>",
            "text",
            "<fields><fullName>C__c</fullName><label/></fields>",
        ]
    )
).map("".join)
DOCUMENTS = st.builds(
    lambda root, inner: f'<{root} xmlns="{NAMESPACE}">{inner}</{root}>', st.sampled_from(["Report", *TYPES]), INNER
)
CONTENTS = st.one_of(DOCUMENTS, st.text(max_size=30), st.just("public class A { }"))
PATHS = st.builds(
    lambda directory, name, end: f"{directory}/{name}{end}", st.sampled_from(DIRECTORIES), NAMES, st.sampled_from(ENDS)
)
MEMBERS = st.dictionaries(st.sampled_from(TYPES), st.lists(st.one_of(NAMES, st.sampled_from(["*", "A__c.B__c"]))))

OPTIONS = st.fixed_dictionaries({"rollbackOnError": st.booleans(), "singlePackage": st.booleans()})


def storable(name: str) -> bool:
    """Python's zipfile writes names as UTF-8 and ends them at a NUL."""
    return "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)


def xml_text(name: str) -> bool:
    return all(letter in "\t\n\r" or " " <= letter < "\ud800" for letter in name)


@given(st.dictionaries(PATHS.filter(storable), CONTENTS, max_size=6), MEMBERS, MEMBERS, OPTIONS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_deploy_ends(soap: Soap, files: Files, named: Any, deleted: Any, options: Any) -> None:
    manifests = {
        name: manifest(**{kind: list(filter(xml_text, names)) for kind, names in members.items()})
        for name, members in (("package.xml", named), ("destructiveChanges.xml", deleted))
    }
    result = soap.deploy({**files, **manifests}, **options)
    assert text(result, "status") in ("Succeeded", "SucceededPartial", "Failed")
    assert text(result, "done") == "true"


def test_all_that_came_in_comes_back(simulator: Simulator, soap: Soap) -> None:
    files = {"classes/A.cls": "class A {}", "classes/A.cls-meta.xml": f'<ApexClass xmlns="{NAMESPACE}"/>'}
    soap.deploy({"package.xml": manifest(ApexClass=["*"]), **files})
    got, _ = soap.retrieve(**{kind: ["*"] for kind in TYPES})
    back = {path.removeprefix("unpackaged/"): content for path, content in got.items()}
    assert text(soap.deploy(back), "status") == "Succeeded"
