"""What the DevHub's Apex asks of the service exists: doors, their parameters, the codes of its errors."""

import re
from pathlib import Path

import pytest
from django.urls import resolve

from apps.changes.filters import FILTERS

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ROOT / "salesforce/force-app/main/default/classes"
REQUESTS = re.findall(
    r"ScratcherRequest\.(get|post)\((.+?)\)\s*((?:\.\w+\([^;]*?\)\s*)*)\.send\(\);",
    (CLASSES / "ScratcherExternalService.cls").read_text(),
)
ITS_OWN_CODES = {"service_away", "malformed_answer", "no_access", "not_a_dev_hub"}


def test_every_door_that_the_page_needs_is_asked_for() -> None:
    assert len(REQUESTS) == 8  # else the pattern above has missed one


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request[1])
def test_a_door_that_apex_asks_for_exists_with_its_parameters(request_: tuple[str, str, str]) -> None:
    method, address, chain = request_
    path = "".join(re.findall(r"'([^']*)'", address))
    # what Apex puts in between is an org's id, or at the end an operation's number
    path = path.replace("/orgs//", "/orgs/00D5e000CHEmVagEYF/") + ("41" if path.endswith("/") else "")
    view = resolve(path).func.view_class  # type: ignore[attr-defined]
    assert hasattr(view, method)
    known = {param.name for param in getattr(view, "query", ())}
    assert set(re.findall(r"\.param\('(\w+)'", chain)) <= known
    if ".filteredBy(" in chain:
        assert {param.name for param in FILTERS} <= known


def test_the_filters_are_those_of_the_feed() -> None:
    names = re.search(r"FILTER_NAMES = new Set<String>\{(.+?)\}", (CLASSES / "ScratcherRequest.cls").read_text(), re.S)
    assert names
    assert set(re.findall(r"'(\w+)'", names[1])) == {param.name for param in FILTERS}


def test_a_code_that_apex_knows_what_to_do_about_is_documented() -> None:
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs/api.md").read_text()))
    codes = set(re.findall(r"'(\w+)' =>", (CLASSES / "ScratcherFailure.cls").read_text()))
    assert codes - ITS_OWN_CODES
    assert codes - ITS_OWN_CODES <= documented
