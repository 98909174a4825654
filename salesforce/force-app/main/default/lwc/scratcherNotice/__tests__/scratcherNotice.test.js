import { createElement } from "lwc";
import ScratcherNotice from "c/scratcherNotice";

function show(properties) {
  const element = createElement("c-scratcher-notice", { is: ScratcherNotice });
  Object.assign(element, { heading: "It happened", action: "Do this", ...properties });
  document.body.appendChild(element);
  return element;
}

it.each(["error", "warning", "info", "empty"])("says a %s accessibly, as a banner and as a page", async (kind) => {
  for (const look of ["banner", "page"]) {
    const element = show({ kind, look });
    expect(element.shadowRoot.textContent).toContain("It happened");
    expect(element.shadowRoot.textContent).toContain("Do this");
    expect(element.shadowRoot.querySelector("lightning-icon").iconName).toMatch(/^utility:/);
  }
  await expect(document.body).toBeAccessible();
});

it("alerts a screen reader to errors alone", () => {
  expect(show({ kind: "error" }).shadowRoot.querySelector("[role]").getAttribute("role")).toBe("alert");
  expect(show({ kind: "info" }).shadowRoot.querySelector("[role]").getAttribute("role")).toBe("status");
});

it("has a button where there is something to do", () => {
  const acted = jest.fn();
  const element = show({ buttonLabel: "Try again" });
  element.addEventListener("act", acted);
  element.shadowRoot.querySelector("lightning-button").click();
  expect(acted).toHaveBeenCalledTimes(1);
  expect(show().shadowRoot.querySelector("lightning-button")).toBeNull();
});
