"""The Metadata API as a client without a library sees it: envelopes as text, answers as elements."""

import io
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
import requests

from tests.simulator.conftest import Api
from tests.simulators import Simulator

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
    '<e:Header xmlns="' + NAMESPACE + '"><SessionHeader><sessionId>{token}</sessionId></SessionHeader></e:Header>'
    '<e:Body xmlns="' + NAMESPACE + '">{body}</e:Body></e:Envelope>'
)
META = f'<?xml version="1.0" encoding="UTF-8"?>\n<{{0}} xmlns="{NAMESPACE}">\n    {{1}}\n</{{0}}>\n'
CLASS_META = META.format("ApexClass", "<apiVersion>67.0</apiVersion><status>Active</status>")
Files = dict[str, str]
Element = ElementTree.Element


def manifest(**members: list[str]) -> str:
    """package.xml, for instance of ApexClass=["Invoice"]."""
    return f'<?xml version="1.0" encoding="UTF-8"?><Package xmlns="{NAMESPACE}">{types(members)}</Package>'


def types(members: dict[str, list[str]]) -> str:
    """The inside of a Package element."""
    lines = [
        "<types>" + "".join(f"<members>{escape(name)}</members>" for name in names) + f"<name>{kind}</name></types>"
        for kind, names in members.items()
    ]
    return "".join(lines) + "<version>67.0</version>"


def apex(name: str, body: str = "") -> Files:
    return {
        f"classes/{name}.cls": f"public class {name} {{{body}}}\n",
        f"classes/{name}.cls-meta.xml": CLASS_META,
    }


def zipped(files: Files) -> str:
    """In base64."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return b64encode(packed.getvalue()).decode()


@dataclass
class Soap:
    """A session of one org, calling the Metadata API."""

    simulator: Simulator
    api: Api

    def post(self, body: str | bytes, path: str = "/services/Soap/m/67.0", method: str = "POST") -> requests.Response:
        headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
        return self.api.http.request(method, f"{self.simulator.url}{path}", data=body, headers=headers, timeout=30)

    def call(self, operation: str, inner: str = "", token: str | None = None) -> requests.Response:
        body = f"<{operation}>{inner}</{operation}>"
        return self.post(ENVELOPE.format(token=self.api.token if token is None else token, body=body))

    def results(self, operation: str, inner: str = "") -> list[Element]:
        """The result elements of an answer that must be no fault; namespaces are taken off."""
        answer = self.call(operation, inner)
        assert answer.status_code == 200, answer.text
        root = elements(answer)
        assert [child.tag for child in root] == ["Body"]
        assert [child.tag for child in root[0]] == [f"{operation}Response"]
        return root[0][0].findall("result")

    def deploy(self, files: Files, **options: bool) -> Element:
        """The result, with details, once the simulated time that it takes has passed."""
        job = self.begin_deploy(files, **options)
        self.simulator.step(60)
        return self.deploy_status(job)

    def begin_deploy(self, files: Files, **options: bool) -> str:
        chosen = {"rollbackOnError": True, "singlePackage": True, **options}
        lines = "".join(f"<{name}>{str(value).lower()}</{name}>" for name, value in chosen.items())
        inner = f"<ZipFile>{zipped(files)}</ZipFile><DeployOptions>{lines}</DeployOptions>"
        [result] = self.results("deploy", inner)
        return text(result, "id")

    def deploy_status(self, job: str) -> Element:
        inner = f"<asyncProcessId>{job}</asyncProcessId><includeDetails>true</includeDetails>"
        [result] = self.results("checkDeployStatus", inner)
        return result

    def retrieve(self, **members: list[str]) -> tuple[Files, Element]:
        """The files and the result."""
        request = f"<retrieveRequest><apiVersion>67.0</apiVersion><unpackaged>{types(members)}</unpackaged>"
        [job] = self.results("retrieve", f"{request}</retrieveRequest>")
        self.simulator.step(10)
        inner = f"<asyncProcessId>{text(job, 'id')}</asyncProcessId><includeZip>true</includeZip>"
        [result] = self.results("checkRetrieveStatus", inner)
        assert text(result, "status") == "Succeeded", ElementTree.tostring(result)
        return unzipped(text(result, "zipFile")), result

    def list(self, kind: str, folder: str = "") -> list[dict[str, str]]:
        inside = f"<folder>{folder}</folder>" if folder else ""
        query = f"<queries><type>{kind}</type>{inside}</queries><asOfVersion>67.0</asOfVersion>"
        return [{child.tag: child.text or "" for child in found} for found in self.results("listMetadata", query)]


def elements(answer: requests.Response) -> Element:
    root = ElementTree.fromstring(answer.content)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text(element: Element, path: str) -> str:
    found = element.findtext(path)
    assert found is not None, f"no {path} in {ElementTree.tostring(element)!r}"
    return found


def unzipped(encoded: str) -> Files:
    with zipfile.ZipFile(io.BytesIO(b64decode(encoded))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def fault(answer: requests.Response) -> tuple[str, str]:
    """faultcode and faultstring of an answer that must be a SOAP fault."""
    assert answer.status_code == 500, answer.text
    assert answer.headers["Content-Type"].startswith("text/xml")
    found = elements(answer).find("Body/Fault")
    assert found is not None, answer.text
    return text(found, "faultcode"), text(found, "faultstring")


def messages(result: Element, kind: str = "componentSuccesses") -> list[tuple[str, str, str]]:
    """type, full name and what became of it (created, changed, deleted, unchanged), or the problem; without
    package.xml's own success."""
    found = []
    for message in result.findall(f"details/{kind}"):
        words = [word for word in ("created", "deleted", "changed") if message.findtext(word) == "true"]
        end = message.findtext("problem") or (words or ["unchanged"])[0]
        found.append((text(message, "componentType"), text(message, "fullName"), end))
    return [entry for entry in found if entry[:2] != ("", "package.xml") or kind == "componentFailures"]


def failures(result: Element) -> list[tuple[str, str, str]]:
    return messages(result, "componentFailures")


@pytest.fixture
def soap(simulator: Simulator, api: Api) -> Soap:
    """The admin of `org`."""
    return Soap(simulator, api)


@pytest.fixture
def edits_since(simulator: Simulator, org: dict[str, Any]) -> Callable[[], list[tuple[str, str, str, str]]]:
    """What the journal says happened in `org`: (type, name, kind, person)."""

    def journal() -> list[tuple[str, str, str, str]]:
        entries = [entry for entry in simulator.journal() if entry["org_id"] == org["org_id"]]
        return [(entry["member_type"], entry["member_name"], entry["kind"], entry["person"]) for entry in entries]

    return journal
