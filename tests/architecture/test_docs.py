"""What the pages for people name exists: commands, settings, doors, metrics, reasons, links."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import resolve
from prometheus_client import REGISTRY, CollectorRegistry

import apps.changes.metrics
import apps.orgs.access  # noqa: F401 - both register what workers count
from apps.core import crypto
from apps.launcher import demo
from apps.orgs import metrics
from apps.orgs.models import ScratchOrg
from apps.salesforce.errors import SalesforceError

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPERATIONS = (ROOT / "docs/operations.md").read_text()

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def commands_in(text: str) -> Iterator[tuple[str, list[str]]]:
    """(command, options) of each `manage.py …`, as far as its line or code span goes."""
    text = text.replace("\\\n", " ")
    for name, rest in re.findall(r"manage\.py ([a-z_]+)([^`\n]*)", text):
        yield name, re.findall(r"(?<!\S)--[a-z-]+", rest.partition("#")[0])


def doors_in(text: str) -> Iterator[tuple[str, str]]:
    """(verb, path) of each door: `POST /api/…`, `curl -X POST … "$SCRATCHER_URL/api/…"`, else GET."""
    for line in text.replace("\\\n", " ").splitlines():
        sent = re.search(r"-X ([A-Z]+)", line)
        for verb, path in re.findall(r"(?:\b(GET|POST|PATCH|DELETE) )?(/api/[\w/{}…]*)", line):
            yield verb or (sent[1] if sent else "GET"), re.sub(r"\{\w*id\}|00D…", "1", path)


def settings_in(text: str) -> set[str]:
    return set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text))


def test_the_searches_find_what_they_look_for() -> None:
    found = dict(
        commands_in("`manage.py add_devhub --update 00D…`; `manage.py poll`\n    manage.py x \\\n  --y 1 # --z")
    )
    assert found == {"add_devhub": ["--update"], "poll": [], "x": ["--y"]}
    doors = (
        '`POST /api/orgs/{org_id}/poll`, /api/changes?limit=1\ncurl -X POST \\\n "$SCRATCHER_URL/api/orgs/00D…/enrol"'
    )
    assert list(doors_in(doors)) == [
        ("POST", "/api/orgs/1/poll"),
        ("GET", "/api/changes"),
        ("POST", "/api/orgs/1/enrol"),
    ]
    assert settings_in("`POLL_SLOTS` and `PORT`, a NEW Account__c, scratcher_x") == {"POLL_SLOTS"}


@every_page
def test_every_command_exists_with_its_options(page: Path) -> None:
    known = get_commands()
    for name, options in commands_in(page.read_text()):
        assert name in known, name
        parser = load_command_class(known[name], name).create_parser("manage.py", name)
        assert set(options) <= set(parser._option_string_actions), (name, options)


@every_page
def test_every_door_opens_to_its_verb(page: Path) -> None:
    for verb, path in doors_in(page.read_text()):
        if path in {"/api/", "/api/docs", "/api/schema"}:
            continue
        assert verb in resolve(path).func.view_class.needs, (verb, path)  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "fidelity.md"])  # which has Salesforce's codes
def test_every_setting_stands_in_the_example(page: Path) -> None:
    example = settings_in((ROOT / ".env.example").read_text())
    written_by_demo = settings_in(Path(demo.__file__).read_text())
    example |= {f"{name}_FILE" for name in ("SECRET_KEY", "ENCRYPTION_KEYS")}
    assert settings_in(page.read_text()) <= example | written_by_demo


@pytest.mark.django_db
def test_every_metric_is_explained_and_every_explained_one_exists() -> None:
    rows = CollectorRegistry()
    rows.register(metrics._Rows())
    served = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for registry in (rows, REGISTRY)
        for metric in registry.collect()
        if metric.name.startswith("scratcher_")
    }
    assert set(re.findall(r"\bscratcher_\w+", OPERATIONS)) == served


def test_every_reason_is_explained() -> None:
    def codes(kind: type[SalesforceError]) -> Iterator[str]:
        for each in kind.__subclasses__():
            yield each.code
            yield from codes(each)

    reasons = {*codes(SalesforceError), *ScratchOrg.Unwatched.values}
    reasons |= {crypto.KeyMissing.code, crypto.Undecipherable.code, "worker_lost", "unexpected"}
    standing = (ROOT / "apps/orgs/standing.py").read_text()
    reasons |= set(re.findall(r'Standing\(\s*\w+, "(\w+)"', standing))
    assert {"hub_inactive", "waiting", "no_view_all", "sync_doubted", "wrong_org", "timed_out"} <= reasons
    assert sorted(reasons - set(re.findall(r"`(\w+)`", OPERATIONS))) == []


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]*)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs/images").iterdir())
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < 200_000, picture
