"""The demo's changes: shown, sorted, filtered, searched, loaded by pages, taken along."""

import re
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from pathlib import Path

from conftest import ask, feed_answers
from playwright.sync_api import Locator, Page, expect
from screens import Screens
from service import Changes, Service
from simulator import Simulator

ROWS = "c-scratcher-datatable tbody tr"
FILTERS = {"Org": "org", "Type": "member_type", "Person": "changed_by", "Kind": "change_type", "Since": "since"}
WAIT_FOR_POLL = 60_000  # milliseconds


def column(page: Page, label: str) -> Locator:
    return page.locator(f"{ROWS} > [data-label='{label}']")


def cells(page: Page, label: str) -> list[str]:
    return [text.strip() for text in column(page, label).all_inner_texts()]


def choose(page: Page, filter_name: str, option: str | re.Pattern[str]) -> None:
    page.get_by_role("combobox", name=filter_name).click()
    page.get_by_role("option", name=option).first.click()


def answer_to(page: Page, pages: list[Changes], filter_name: str, option: str | re.Pattern[str]) -> Changes:
    """The one of `pages` that came in for this choice."""
    name = FILTERS[filter_name]
    with feed_answers(page, lambda asked: name in asked["filters"]):
        choose(page, filter_name, option)
    return next(answer for answer in reversed(pages) if name in answer.query)


def expect_only(page: Page, answer: Changes) -> None:
    """The table shows what was answered, which is something, and nothing else."""
    assert answer.changes
    names = [change["member_name"] for change in answer.changes]
    expect(column(page, "Name")).to_have_text(names, use_inner_text=True)


def times(page: Page) -> list[datetime]:
    found = page.locator(f"{ROWS} time").evaluate_all("(times) => times.map((time) => time.dateTime)")
    return [datetime.fromisoformat(time) for time in found]


def test_the_first_hundred_changes_with_what_is_in_danger(page: Page, screens: Screens) -> None:
    assert page.locator(ROWS).count() >= 100
    expect(page.get_by_text(re.compile(r"^\d+ of 24 active orgs$"))).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("edited in several orgs"))).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("end soon"))).to_be_visible()
    screens.look(page, "changes")


def test_why_orgs_are_not_watched_and_what_to_do(page: Page, screens: Screens) -> None:
    page.get_by_role("button", name="Why not the others?").click()
    expect(page.get_by_text("What to do:").first).to_be_visible()
    screens.look(page, "coverage")


def test_exact_times_and_links_into_orgs(page: Page) -> None:
    time = page.locator(f"{ROWS} time").first
    assert re.search(r"\d{4}", time.get_attribute("title") or "")
    link = page.locator(f"{ROWS} [data-label='Org'] a").first
    assert (link.get_attribute("href") or "").startswith("https://")
    assert link.get_attribute("target") == "_blank"


def test_sorting_by_name_and_back(page: Page) -> None:
    page.get_by_role("button", name="Name").click()
    names = cells(page, "Name")
    assert names == sorted(names, key=str.lower)
    page.get_by_role("button", name="Name").click()
    assert cells(page, "Name") == sorted(names, key=str.lower, reverse=True)


def test_filters_ask_the_service_and_can_be_cleared(page: Page, service: Service, screens: Screens) -> None:
    with service.without_news() as pages:
        expect_only(page, answer_to(page, pages, "Kind", "New"))
        answer = answer_to(page, pages, "Type", "ApexClass")
        assert answer.query == {"change_type": "NEW", "member_type": "ApexClass", "limit": "100"}
        expect_only(page, answer)
        assert {*cells(page, "Kind"), *cells(page, "Type")} == {"New", "ApexClass"}
        screens.look(page, "filtered")
        with feed_answers(page, lambda asked: asked["filters"] == {}):
            page.get_by_role("button", name="Clear filters").click()
        assert pages[-1].query == {"limit": "100"}
        expect_only(page, pages[-1])


def test_filter_by_person(page: Page, service: Service) -> None:
    people = cells(page, "Person")
    person = min(people, key=people.count)
    with service.without_news() as pages:
        answer = answer_to(page, pages, "Person", person)
        assert answer.query["changed_by"] == person
        expect_only(page, answer)
    assert set(cells(page, "Person")) == {person}


def test_filter_by_org(page: Page, service: Service, access: dict[str, str]) -> None:
    orgs = ask(access, "/api/orgs?status=Active&limit=200")["orgs"]
    org = min((org for org in orgs if org["changes_total"]), key=lambda org: org["changes_total"])
    with service.without_news() as pages:
        answer = answer_to(page, pages, "Org", re.compile(f"· {re.escape(org['username'])}$"))
        assert answer.query["org"] == org["org_id"]
        expect_only(page, answer)
    assert {change["org"]["org_id"] for change in answer.changes} == {org["org_id"]}
    assert set(cells(page, "Org")) == {org["alias"] or org["name"]}


def test_filter_by_time(page: Page, service: Service) -> None:
    before = times(page)
    newest = max(before)
    assert min(before) < newest, "the demo has to have older changes too"
    page.clock.set_fixed_time(newest + timedelta(hours=1))  # everything else is older than an hour
    with service.without_news() as pages:
        answer = answer_to(page, pages, "Since", "Last hour")
        assert datetime.fromisoformat(answer.query["since"]) == newest
        expect_only(page, answer)
    assert min(times(page)) >= newest


def test_nothing_fits(page: Page, screens: Screens) -> None:
    page.get_by_role("searchbox").fill("nothing is called like this")
    expect(page.get_by_text("No change fits")).to_be_visible()
    screens.look(page, "nothing-fits")
    page.get_by_role("button", name="Clear filters").first.click()
    expect(page.locator(ROWS).first).to_be_visible()


def test_search_in_what_is_loaded_then_by_prefix_in_all(page: Page) -> None:
    name = cells(page, "Name")[0]
    page.get_by_role("searchbox").fill(name.lower())
    expect(page.get_by_text("loaded changes fit the search")).to_be_visible()
    assert all(name.lower() in found.lower() for found in cells(page, "Name"))
    page.get_by_role("searchbox").fill(name[:4])
    page.get_by_role("button", name=re.compile("Search all names that begin with")).click()
    expect(page.get_by_text(f"Name begins with “{name[:4]}”", exact=True)).to_be_visible()
    expect(page.get_by_text("latest changes")).to_be_visible()
    assert all(found.startswith(name[:4]) for found in cells(page, "Name"))


def test_more_by_cursor_until_the_most(page: Page, simulator: Simulator, service: Service, screens: Screens) -> None:
    simulator.edit(*[f"Filler{number:03}" for number in range(520)])
    expect(page.get_by_text("Narrow the filter")).to_be_visible(timeout=WAIT_FOR_POLL)
    with service.without_news():  # which would count, too
        page.reload()
        for loaded in (100, 200, 300, 400):
            expect(page.get_by_text(re.compile(rf"^{loaded} latest changes"))).to_be_visible(timeout=WAIT_FOR_POLL)
            page.get_by_role("button", name="Load 100 more").click()
        expect(page.get_by_text("Narrow the filter")).to_be_visible(timeout=WAIT_FOR_POLL)
        assert page.locator(ROWS).count() == 500
    screens.look(page, "five-hundred")


def test_package_xml_of_the_selected(page: Page, service: Service, tmp_path: Path) -> None:
    with service.without_news() as pages:
        expect_only(page, answer_to(page, pages, "Kind", "New"))
        page.get_by_role("searchbox").fill("apexclass")
        expect(page.get_by_text("fit the search")).to_be_visible()
        for row in (0, 1):
            page.locator(ROWS).nth(row).locator("label.slds-checkbox__label").click()
        with page.expect_download() as downloading:
            page.get_by_role("button", name="package.xml of 2 selected").click()
        selected = set(cells(page, "Name")[:2])
    assert downloading.value.suggested_filename == "package.xml"
    downloading.value.save_as(tmp_path / "package.xml")
    package = ET.parse(tmp_path / "package.xml").getroot()
    namespace = "{http://soap.sforce.com/2006/04/metadata}"
    assert {name.text for name in package.iter(f"{namespace}name")} == {"ApexClass"}
    assert {member.text for member in package.iter(f"{namespace}members")} == selected
    count = "1 component" if len(selected) == 1 else "2 components"
    expect(page.get_by_text(f"package.xml names {count}.")).to_be_visible()


def test_narrow_pages_show_a_list_that_sorts_selects_and_filters(page: Page, screens: Screens) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    tiles = page.get_by_role("list", name="Changes").get_by_role("listitem")
    assert tiles.count() >= 100
    tiles.first.locator("label").click()
    expect(page.get_by_role("button", name="package.xml of 1 selected")).to_be_enabled()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("combobox", name="Person")).to_be_visible()
    screens.look(page, "filters-open")
