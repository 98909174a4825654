"""The demo's changes: shown, sorted, filtered, searched, loaded by pages, taken along."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from playwright.sync_api import Page, expect
from screens import Screens
from simulator import Simulator

ROWS = "c-scratcher-datatable tbody tr"
WAIT_FOR_POLL = 60_000  # milliseconds


def cells(page: Page, label: str) -> list[str]:
    found = page.locator(f"{ROWS} [data-label='{label}']").all_inner_texts()
    return [text.strip() for text in found]


def choose(page: Page, filter_name: str, option: str | re.Pattern[str]) -> None:
    page.get_by_role("combobox", name=filter_name).click()
    page.get_by_role("option", name=option).first.click()


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


def test_filters_ask_the_service_and_can_be_cleared(page: Page, screens: Screens) -> None:
    choose(page, "Kind", "New")
    expect(page.get_by_role("button", name="Clear filters")).to_be_visible()
    expect(page.locator(ROWS).filter(has_text="Changed")).to_have_count(0)
    assert set(cells(page, "Kind")) == {"New"}
    choose(page, "Type", "ApexClass")
    expect(page.locator(ROWS).filter(has_text="LightningComponentBundle")).to_have_count(0)
    assert set(cells(page, "Type")) == {"ApexClass"}
    screens.look(page, "filtered")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator(ROWS).filter(has_text="Changed").first).to_be_visible()


def test_filter_by_org_person_and_time(page: Page) -> None:
    person = cells(page, "Person")[0]
    choose(page, "Person", person)
    choose(page, "Since", "Last hour")
    choose(page, "Org", re.compile("·"))
    page.wait_for_timeout(1500)
    assert {*cells(page, "Person")} <= {person}


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


def test_more_by_cursor_until_the_most(page: Page, simulator: Simulator, screens: Screens) -> None:
    simulator.edit(*[f"Filler{number:03}" for number in range(520)])
    expect(page.get_by_text("Narrow the filter")).to_be_visible(timeout=WAIT_FOR_POLL)
    page.reload()
    for loaded in (100, 200, 300, 400):
        expect(page.get_by_text(re.compile(rf"^{loaded // 100}\d\d latest changes"))).to_be_visible()
        page.get_by_role("button", name="Load 100 more").click()
    expect(page.get_by_text("Narrow the filter")).to_be_visible()
    assert page.locator(ROWS).count() == 500
    screens.look(page, "five-hundred")


def test_package_xml_of_the_selected(page: Page, tmp_path: Path) -> None:
    page.get_by_role("searchbox").fill("apexclass")
    expect(page.get_by_text("fit the search")).to_be_visible()
    for row in (0, 1):
        page.locator(ROWS).nth(row).locator("label.slds-checkbox__label").click()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="package.xml of 2 selected").click()
    assert downloading.value.suggested_filename == "package.xml"
    downloading.value.save_as(tmp_path / "package.xml")
    package = ET.parse(tmp_path / "package.xml").getroot()
    namespace = "{http://soap.sforce.com/2006/04/metadata}"
    assert {name.text for name in package.iter(f"{namespace}name")} <= {"ApexClass"}
    expect(page.get_by_text(re.compile("package.xml names|Nothing to retrieve"))).to_be_visible()


def test_narrow_pages_show_a_list_that_sorts_selects_and_filters(page: Page, screens: Screens) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    tiles = page.get_by_role("list", name="Changes").get_by_role("listitem")
    assert tiles.count() >= 100
    tiles.first.locator("label").click()
    expect(page.get_by_role("button", name="package.xml of 1 selected")).to_be_enabled()
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("combobox", name="Person")).to_be_visible()
    screens.look(page, "filters-open")
