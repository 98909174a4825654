/**
 * What a program can see of a page that is wrong: `window.findFaults(elements)` answers sentences. `elements` are all
 * of the page, also those within components: there an element sees only its component's own, so `up` goes on to the
 * host, and words may stand in a host's shadow root without an element of their own.
 */
(() => {
  const POPUPS =
    ".slds-dropdown, .slds-listbox, .slds-popover, .slds-tooltip, .slds-spinner_container, lightning-spinner";
  const CONTROLS = "button, input, a, select, textarea, summary, .slds-badge, .slds-checkbox_faux";
  const INSIDE_AN_INPUT = ".slds-input__icon, .slds-input__icon-group"; // on purpose
  const LEAST_PIXELS = 2;

  const up = (element) => element.parentElement ?? element.getRootNode().host;
  const within = (element, selector) => {
    for (let at = element; at; at = up(at)) {
      if (at.matches(selector)) {
        return true;
      }
    }
    return false;
  };
  const contains = (outer, inner) => {
    for (let at = inner; at; at = up(at)) {
      if (at === outer) {
        return true;
      }
    }
    return false;
  };
  const quoted = (text) => `“${text.trim().replace(/\s+/g, " ").slice(0, 60)}”`;
  const wordsOf = (element) =>
    [...element.childNodes, ...(element.shadowRoot?.childNodes ?? [])].filter(
      (node) => node.nodeType === Node.TEXT_NODE && node.data.trim()
    );
  const isShown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !within(element, ".slds-assistive-text");

  function boxesOf(node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()];
  }

  function common(one, other) {
    const [left, top] = [Math.max(one.left, other.left), Math.max(one.top, other.top)];
    const [right, bottom] = [Math.min(one.right, other.right), Math.min(one.bottom, other.bottom)];
    return { left, top, right, bottom };
  }

  const isEmpty = ({ left, top, right, bottom }, least = 0) => right - left <= least || bottom - top <= least;

  /** What is seen of a box in `element` through everything that clips around it; `stops` says where to stop looking. */
  function seenOf(box, element, stops = () => false) {
    let seen = box;
    let isAbsolute = false;
    for (let at = element; at && at !== document.body; at = up(at)) {
      const { position, overflowX, overflowY } = getComputedStyle(at);
      if (isAbsolute && position === "static") {
        continue; // does not clip what is placed by something further out
      }
      if (overflowX !== "visible" || overflowY !== "visible") {
        if (stops(overflowX, overflowY)) {
          break;
        }
        seen = common(seen, at.getBoundingClientRect());
      }
      isAbsolute = position === "absolute";
    }
    return seen;
  }

  function reachesBeyond(elements) {
    const width = document.documentElement.clientWidth;
    const found = document.documentElement.scrollWidth > width ? ["the page scrolls sideways"] : [];
    for (const element of elements) {
      const seen = seenOf(element.getBoundingClientRect(), element);
      if (!isEmpty(seen) && (seen.right > width + 1 || seen.left < -1)) {
        found.push(`${element.tagName} ${element.className} reaches beyond the page`);
      }
      const scrolls = /auto|scroll/.test(getComputedStyle(element).overflowX);
      if (scrolls && element.scrollWidth > element.clientWidth + 1) {
        found.push(`${element.tagName} ${element.className} scrolls sideways`);
      }
    }
    return found;
  }

  /** Words that are clipped, where no title around them has them whole. */
  function cutOff(elements) {
    const canScroll = (...overflows) => overflows.some((overflow) => /auto|scroll/.test(overflow));
    const isClipped = (box, element) => {
      const seen = seenOf(box, element, canScroll);
      return box.right - seen.right > 1 || seen.left - box.left > 1 || box.bottom - seen.bottom > LEAST_PIXELS;
    };
    const titled = (element, text) => {
      for (let at = element; at; at = up(at)) {
        if (at.title?.includes(text)) {
          return true;
        }
      }
      return false;
    };
    return elements
      .flatMap((element) => wordsOf(element).map((node) => ({ element, node, text: node.data.trim() })))
      .filter(({ element, node }) => boxesOf(node).some((box) => isClipped(box, element)))
      .filter(({ element, text }) => !titled(element, text))
      .map(({ text }) => `cut off, and nowhere whole: ${quoted(text)}`);
  }

  /** Words and controls that lie upon each other, although none of them is part of the other. */
  function overlaps(elements) {
    const seen = elements
      .filter((element) => !within(element, `${POPUPS}, ${INSIDE_AN_INPUT}`))
      .flatMap(partsOf)
      .sort((one, other) => one.box.top - other.box.top);
    const found = [];
    seen.forEach((part, index) => {
      for (let next = index + 1; next < seen.length && seen[next].box.top < part.box.bottom; next += 1) {
        const other = seen[next];
        if (!isEmpty(common(part.box, other.box), LEAST_PIXELS) && !areRelated(part.element, other.element)) {
          found.push(`${part.name} and ${other.name} overlap`);
        }
      }
    });
    return found;
  }

  const areRelated = (one, other) => contains(one, other) || contains(other, one);

  function partsOf(element) {
    const words = wordsOf(element).flatMap((node) => boxesOf(node).map((box) => ({ box, name: quoted(node.data) })));
    const tag = element.tagName.toLowerCase();
    const name = `${tag} ${quoted(element.getAttribute("aria-label") || element.title || element.textContent)}`;
    const control = element.matches(CONTROLS) ? [{ box: element.getBoundingClientRect(), name }] : [];
    return [...words, ...control]
      .map((part) => ({ ...part, element, box: seenOf(part.box, element) }))
      .filter(({ box }) => !isEmpty(box, LEAST_PIXELS));
  }

  const channels = (color) => (color.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const linear = (value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);

  function lightOf(color) {
    const [red, green, blue] = channels(color).map(linear);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function colorBehind(element) {
    for (let at = element; at; at = up(at)) {
      const color = getComputedStyle(at).backgroundColor;
      if ((channels(color)[3] ?? 1) === 1) {
        return color;
      }
    }
    return "rgb(255, 255, 255)";
  }

  /** Words that are hard to read on what is behind them (WCAG AA). axe says that it cannot tell in synthetic shadow. */
  function pale(elements) {
    const found = [];
    for (const element of elements) {
      const words = wordsOf(element);
      if (words.length && element.getBoundingClientRect().width >= 2 && !within(element, ":disabled")) {
        const style = getComputedStyle(element);
        const [dark, bright] = [lightOf(style.color), lightOf(colorBehind(element))].sort((one, other) => one - other);
        const ratio = (bright + 0.05) / (dark + 0.05);
        if (ratio < (parseFloat(style.fontSize) >= 18.66 ? 3 : 4.5)) {
          found.push(`contrast ${ratio.toFixed(1)}: ${quoted(words[0].data)}`);
        }
      }
    }
    return found;
  }

  window.findFaults = (elements) => {
    const shown = elements.filter(isShown);
    return [...new Set([reachesBeyond, cutOff, overlaps, pale].flatMap((find) => find(shown)))];
  };
})();
