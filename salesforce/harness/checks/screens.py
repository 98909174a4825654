"""Each state at two widths: a picture to look at, and what a program can see: nothing wider than the page, no words cut
off, no violation that axe finds."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SIZES = ((1280, 900), (390, 844))
MOST_PIXELS = 2400

# What reaches beyond the page, and words that are cut off without a title that has them whole.
_SPILLED = """
(elements) => {
  const found = [], words = document.createRange();
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) found.push("the page scrolls sideways");
  const elsewhere = "c-scratcher-datatable, .slds-assistive-text, .slds-listbox, .slds-dropdown";
  for (const element of elements) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || element.closest(elsewhere)) continue;
    const beyond = box.right > width + 1 || box.left < -1;
    if (beyond) found.push(`${element.tagName} ${element.className} reaches beyond the page`);
    words.selectNodeContents(element);
    const needed = words.getBoundingClientRect().width;
    const cut = needed > box.width + 1 && getComputedStyle(element).overflowX === "hidden";
    if (cut && !element.title && element.textContent) found.push(`cut off: ${element.textContent.slice(0, 80)}`);
  }
  return [...new Set(found)];
}
"""
# Words that are hard to read on what is behind them (WCAG AA). axe says itself that it cannot tell in synthetic shadow.
_PALE = """
(elements) => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const alpha = (color) => channels(color)[3] ?? 1;
  const linear = (value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = (color) => {
    const [red, green, blue] = channels(color).map(linear);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
      const color = getComputedStyle(at).backgroundColor;
      if (alpha(color) === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const element of elements) {
    const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const box = element.getBoundingClientRect();
    if (!words || box.width < 2 || element.closest(":disabled, .slds-assistive-text")) continue;
    const style = getComputedStyle(element);
    const [dark, bright] = [light(style.color), light(behind(element))].sort((one, other) => one - other);
    const ratio = (bright + 0.05) / (dark + 0.05);
    const isLarge = parseFloat(style.fontSize) >= 18.66;
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`${ratio.toFixed(1)}: ${element.textContent.trim().slice(0, 60)}`);
  }
  return [...new Set(found)].map((pale) => `contrast ${pale}`);
}
"""
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
    elements = page.locator("main *")  # a locator sees into components
    return [*elements.evaluate_all(_SPILLED), *elements.evaluate_all(_PALE)]


def violations(page: Page) -> list[Any]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text())
    found: list[Any] = page.evaluate(_AXE)
    return found
