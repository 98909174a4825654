import { createElement } from "lwc";
import { apexError, coverage, unwatched } from "answers";
import getCoverage from "@salesforce/apex/ScratcherExternalService.getCoverage";
import ScratcherCoverage from "c/scratcherCoverage";

jest.mock("@salesforce/apex/ScratcherExternalService.getCoverage", () => ({ default: jest.fn() }), { virtual: true });

let element;
const events = { covered: jest.fn(), failed: jest.fn() };
const part = (selector) => element.shadowRoot.querySelector(selector);
const text = () => element.shadowRoot.textContent;

async function show() {
  element = createElement("c-scratcher-coverage", { is: ScratcherCoverage });
  Object.entries(events).forEach(([name, listener]) => element.addEventListener(name, listener));
  document.body.appendChild(element);
  // eslint-disable-next-line @lwc/lwc/no-async-operation -- all that is promised has happened then
  await new Promise((done) => setTimeout(done));
}

async function answer(differs) {
  getCoverage.mockResolvedValueOnce({ coverage: coverage(differs) });
  await show();
}

async function open() {
  part("lightning-button").click();
  await Promise.resolve();
}

it("is one line where all orgs are watched", async () => {
  await answer();
  expect(text()).toContain("1 of 1 active org watched");
  expect(part("lightning-button")).toBeNull();
  expect(events.covered.mock.calls[0][0].detail).toMatchObject({ active: 1, watched: 1 });
});

it("shows the later of two answers, whichever comes first", async () => {
  await answer();
  let late;
  getCoverage.mockReturnValueOnce(
    new Promise((done) => {
      late = done;
    })
  );
  const first = element.refresh();
  getCoverage.mockResolvedValueOnce({ coverage: coverage({ active: 3, watched: 3 }) });
  await element.refresh();
  late({ coverage: coverage({ active: 2, watched: 2 }) });
  await first;
  await Promise.resolve();
  expect(text()).toContain("3 of 3 active orgs watched");
});

it("has the reasons behind it: orgs with the same one together, the most first, hubs on top", async () => {
  const others = Array.from({ length: 10 }, (_, n) =>
    unwatched({ org_id: `00D${n}`, name: `Org${n}`, reason: "waiting", why: "It waits.", what_to_do: "Nothing." })
  );
  const hub = { org_id: "00Dhub", name: "Production", watched: false, reason: "login_refused", why: "Refused." };
  await answer({ active: 12, watched: 1, orgs: [unwatched(), ...others], dev_hubs: [{ ...hub, what_to_do: "Mend." }] });
  expect(part("ul")).toBeNull();
  await open();
  const reasons = [...element.shadowRoot.querySelectorAll("li")].map((item) => item.textContent);
  expect(reasons).toHaveLength(3);
  expect(reasons[0]).toContain("DevHub not watched");
  expect(reasons[1]).toContain("10 orgs not watched");
  expect(reasons[1]).toContain("Org0 (test-p0x2@example.com)");
  expect(reasons[1]).toContain("and 2 more");
  expect(reasons[2]).toContain("What to do: Enrol it.");
  await expect(element).toBeAccessible();
  await open();
  expect(part("ul")).toBeNull();
});

it("tells an org that is watched with something wrong", async () => {
  await answer({ orgs: [unwatched({ watched: true })] });
  await open();
  expect(text()).toContain("1 org watched, yet something is wrong");
});

it("passes a failure on in words, and reads again", async () => {
  getCoverage.mockRejectedValueOnce(apexError({ code: "not_allowed" }));
  await show();
  expect(events.failed.mock.calls[0][0].detail.code).toBe("not_allowed");
  getCoverage.mockResolvedValueOnce({ coverage: coverage() });
  await element.refresh();
  expect(text()).toContain("1 of 1 active org watched");
});

it("passes on why it could not be read again, and keeps what it shows", async () => {
  await answer();
  getCoverage.mockRejectedValueOnce(apexError({ code: "service_away" }));
  await element.refresh();
  expect(events.failed.mock.calls[0][0].detail.code).toBe("service_away");
  expect(text()).toContain("1 of 1 active org watched");
});
