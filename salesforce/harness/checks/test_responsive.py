"""500 rows keep the page responsive, and the keyboard reaches everything."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import feed_answers
from playwright.sync_api import Page, expect
from screens import Screens
from service import Service
from simulator import Simulator

MOST_ROWS = 500
ROWS = "c-scratcher-datatable tbody tr"
_WATCH = """
    window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration)))
      .observe({entryTypes: ["longtask"]});
"""
_REMEMBER = "(rows) => { window.known = new Map(rows.map((row) => [row.dataset.rowKeyValue, row])); }"
_COUNT = """
(rows) => {
  const before = rows.map((row) => ({row, known: window.known.get(row.dataset.rowKeyValue)}));
  return {
    rows: rows.length,
    rows_new: before.filter(({known}) => !known).length,
    rows_rendered_again: before.filter(({row, known}) => known && known !== row).length,
  };
}
"""


class Steps:
    """What each step costs: the longest task in milliseconds (those under 50 count as none), which depends on the
    machine, and of the rows that are shown afterwards how many were not there before, and how many were there and
    were rendered again nevertheless."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.figures: dict[str, dict[str, float]] = {}
        page.evaluate(_WATCH)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        rows = self.page.locator(ROWS)
        rows.evaluate_all(_REMEMBER)
        self.page.evaluate("window.tasks.splice(0)")
        yield
        self.page.wait_for_timeout(500)  # a long task is told of after its end
        longest = self.page.evaluate("Math.max(0, ...window.tasks)")
        self.figures[what] = {"longest_task_milliseconds": longest, **rows.evaluate_all(_COUNT)}

    def all(self, figure: str) -> dict[str, float]:
        return {what: figures[figure] for what, figures in self.figures.items()}


@pytest.mark.usefixtures("many_changes")
def test_five_hundred_rows_render_only_what_is_new(
    page: Page, simulator: Simulator, service: Service, screens: Screens
) -> None:
    name = f"Arrives{uuid.uuid4().hex[:10]}"
    search, rows, steps = page.get_by_role("searchbox"), page.locator(ROWS), Steps(page)

    def no_other(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        arrived = [change for change in answer.get("changes", []) if change["member_name"] == name]
        return answer | {"changes": arrived} if "after=" in path else answer

    with service.mending(no_other):
        before = rows.count()
        with steps.step("load up to 500 rows"):
            for _ in range(4):
                with feed_answers(page, lambda asked: asked["cursor"] is not None):
                    page.get_by_role("button", name="Load 100 more").click()
            expect(rows).to_have_count(MOST_ROWS)
        with steps.step("a change comes in"):
            simulator.edit(name)
            rows.filter(has_text=name).wait_for(timeout=60_000)
        with steps.step("sort"):
            page.get_by_role("button", name="Person").click()
            expect(page.get_by_role("columnheader", name="Person")).to_have_attribute("aria-sort", "ascending")
        with steps.step("search"):
            search.fill(name)
            expect(page.get_by_text("fit the search")).to_be_visible()
        with steps.step("search cleared"):
            search.fill("")
            expect(rows).to_have_count(MOST_ROWS)
        with steps.step("select all"):
            page.locator("c-scratcher-datatable thead label.slds-checkbox__label").click()
            expect(page.get_by_role("button", name=f"package.xml of {MOST_ROWS} selected")).to_be_visible()
    screens.write("responsive.json", steps.figures)
    assert steps.all("rows_rendered_again") == dict.fromkeys(steps.figures, 0)
    assert steps.all("rows_new") == dict.fromkeys(steps.figures, 0) | {
        "load up to 500 rows": MOST_ROWS - before,
        "a change comes in": 1,
        "search cleared": MOST_ROWS - 1,
    }


def test_the_keyboard_reaches_everything(page: Page) -> None:
    reached = []
    page.locator("body").click(position={"x": 1, "y": 1})
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(_FOCUSED))
    for wanted in ("Poll now", "Why not the others?", "Search the loaded changes", "Org", "Since", "Load 100 more"):
        assert any(re.search(wanted, name) for name in reached), (wanted, reached)


_FOCUSED = """
() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent.slice(0, 80);
}
"""


def test_filters_work_by_keyboard_alone(page: Page, service: Service) -> None:
    with service.without_news():
        box = page.get_by_role("combobox", name="Kind")
        box.focus()
        page.keyboard.press("Enter")
        highlighted = page.locator(".slds-listbox__option.slds-has-focus")
        expect(highlighted).to_have_text("All kinds")
        page.keyboard.press("ArrowDown")
        expect(highlighted).to_have_text("New")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Clear filters")).to_be_visible()
