import { createElement } from "lwc";
import ScratcherWhen from "c/scratcherWhen";

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse("2026-11-21T09:30:00Z") });
});

afterEach(() => {
  document.body.replaceChildren();
  jest.useRealTimers();
});

function show(properties) {
  const element = createElement("c-scratcher-when", { is: ScratcherWhen });
  Object.assign(element, { at: "2026-11-21T09:28:11Z", ...properties });
  document.body.appendChild(element);
  return element;
}

const time = (element) => element.shadowRoot.querySelector("time");

it("is relative, and stays so", async () => {
  const element = show();
  expect(time(element).textContent).toContain("1 minute ago");
  await jest.advanceTimersByTimeAsync(60000);
  expect(time(element).textContent).toContain("2 minutes ago");
});

it("is exact on hover and for programs", () => {
  const element = show();
  expect(time(element).title).toMatch(/2026.*:28:11/);
  expect(time(element).dateTime ?? time(element).getAttribute("datetime")).toBe("2026-11-21T09:28:11Z");
});

it("marks what came in while the page was open", () => {
  expect(show().shadowRoot.querySelector(".fresh")).toBeNull();
  const dot = show({ fresh: true }).shadowRoot.querySelector(".fresh");
  expect(dot.title).toContain("while this page was open");
  expect(dot.getAttribute("aria-label")).toBe(dot.title); // a title alone is not read out
});

it("keeps no timer when the last one has gone", () => {
  const [one, other] = [show(), show()];
  one.remove();
  expect(jest.getTimerCount()).toBe(1);
  other.remove();
  expect(jest.getTimerCount()).toBe(0);
});
