"""What happens while the page is open."""

import re
import uuid
from collections.abc import Callable

from conftest import Open
from playwright.sync_api import Page, expect
from screens import Screens
from simulator import Simulator

SOON = 45_000  # milliseconds; the demo polls each org every 15 seconds


def a_new_name() -> str:
    return f"Live{uuid.uuid4().hex[:10]}"


def test_a_change_appears_by_an_event(open_page: Open, patient_url: str, simulator: Simulator) -> None:
    """Edited in a scratch org, polled, published into the DevHub, delivered by its CometD: this page asks by itself
    after an hour only."""
    page = open_page(at=patient_url)
    expect(page.get_by_text("Every 3600 s")).to_be_visible()
    name = a_new_name()
    simulator.edit(name)
    row = page.locator("c-scratcher-datatable tbody tr").filter(has_text=name)
    expect(row).to_be_visible(timeout=SOON)
    expect(row.get_by_title("Came in while this page was open")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_a_change_appears_by_polling_where_there_are_no_events(open_page: Open, simulator: Simulator) -> None:
    page = open_page("?emp=off")
    expect(page.get_by_text("Every 4 s")).to_be_visible()
    name = a_new_name()
    simulator.edit(name)
    expect(page.locator("c-scratcher-datatable tbody tr").filter(has_text=name)).to_be_visible(timeout=SOON)


def test_poll_now_shows_how_far_it_is(page: Page, screens: Screens) -> None:
    page.get_by_role("button", name="Poll now").click()
    expect(page.get_by_role("button", name="Polling…")).to_be_disabled()
    expect(page.get_by_role("progressbar")).to_be_visible()
    screens.look(page, "polling")
    expect(page.get_by_text(re.compile(r"\d+ orgs? polled"))).to_be_visible(timeout=SOON)
    expect(page.get_by_role("button", name="Poll now")).to_be_enabled(timeout=SOON)


def test_a_selection_outlives_news(page: Page, simulator: Simulator, post: Callable[[str], None]) -> None:
    page.locator("c-scratcher-datatable tbody tr").first.locator("label.slds-checkbox__label").click()
    chosen = page.get_by_role("button", name="package.xml of 1 selected")
    expect(chosen).to_be_visible()
    name = a_new_name()
    simulator.edit(name)
    post("/api/poll")
    expect(page.locator("c-scratcher-datatable tbody tr").filter(has_text=name)).to_be_visible(timeout=SOON)
    expect(chosen).to_be_visible()
