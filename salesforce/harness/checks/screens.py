"""Each state at two widths: a picture to look at, and what a program can see: nothing wider than the page, nothing upon
something else, no words cut off or pale, no violation that axe finds."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SIZES = ((1280, 900), (390, 844))
FAULTS = Path(__file__).with_name("faults.js")
MOST_PIXELS = 2400

_AXE = """
async () => {
  const {violations} = await axe.run(document, {resultTypes: ["violations"]});
  const where = (nodes) => nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ");
  return violations.map(({id, help, nodes}) => `${id}: ${help}: ${where(nodes)}`);
}
"""


class Screens:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, figures: Any) -> None:
        """Beside the pictures, and on the screen."""
        text = json.dumps(figures, indent=2)
        (self.folder / name).write_text(text)
        print(f"\n{name}: {text}")

    def look(self, page: Page, state: str) -> None:
        """Raises AssertionError with everything that is wrong with the page as it is now."""
        wrong: list[str] = []
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(400)
            tall = page.evaluate("document.documentElement.scrollHeight")
            clip = {"x": 0, "y": 0, "width": width, "height": min(max(tall, height), MOST_PIXELS)}
            page.screenshot(path=self.folder / f"{state}-{width}.png", full_page=True, clip=clip)
            wrong += [f"{state} at {width}: {found}" for found in seen(page) + violations(page)]
        page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
        page.wait_for_timeout(200)
        if wrong:
            raise AssertionError("\n".join(wrong))


def seen(page: Page) -> list[Any]:
    page.evaluate(FAULTS.read_text())
    found: list[Any] = page.locator("main *").evaluate_all("(elements) => findFaults(elements)")  # also in components
    return found


def violations(page: Page) -> list[Any]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text())
    found: list[Any] = page.evaluate(_AXE)
    return found
