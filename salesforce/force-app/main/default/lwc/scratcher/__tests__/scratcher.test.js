import { createElement } from "lwc";
import { apexError, change, changes, coverage, page, watchedOrg } from "answers";
import getChanges from "@salesforce/apex/ScratcherExternalService.getChanges";
import getChangesAfter from "@salesforce/apex/ScratcherExternalService.getChangesAfter";
import getCoverage from "@salesforce/apex/ScratcherExternalService.getCoverage";
import getOrgs from "@salesforce/apex/ScratcherExternalService.getOrgs";
import getOverlaps from "@salesforce/apex/ScratcherExternalService.getOverlaps";
import getSettings from "@salesforce/apex/ScratcherExternalService.getSettings";
import isDevHub from "@salesforce/apex/Scratcher.isDevHub";
import Scratcher from "c/scratcher";

jest.mock("@salesforce/apex/ScratcherExternalService.getChanges", () => ({ default: jest.fn() }), { virtual: true });
jest.mock("@salesforce/apex/ScratcherExternalService.getChangesAfter", () => ({ default: jest.fn() }), {
  virtual: true
});
jest.mock("@salesforce/apex/ScratcherExternalService.getOrgs", () => ({ default: jest.fn() }), { virtual: true });
jest.mock("@salesforce/apex/ScratcherExternalService.getSettings", () => ({ default: jest.fn() }), { virtual: true });
jest.mock("@salesforce/apex/ScratcherExternalService.getCoverage", () => ({ default: jest.fn() }), { virtual: true });
jest.mock("@salesforce/apex/ScratcherExternalService.getOverlaps", () => ({ default: jest.fn() }), { virtual: true });
jest.mock("@salesforce/apex/Scratcher.isDevHub", () => ({ default: jest.fn() }), { virtual: true });

const SECONDS = 10;
let element;
const part = (selector) => element.shadowRoot.querySelector(selector);
const pass = (milliseconds = 0) => jest.advanceTimersByTimeAsync(milliseconds);
const said = () => part("p.slds-assistive-text").textContent;
const notice = () => part("c-scratcher-notice");
const gap = (to) => ({
  org: { org_id: "00D1" },
  from: "2026-11-21T07:00:00Z",
  to: `2026-11-21T${to}:00Z`,
  reason: "not_watched",
  message: "Not watched"
});
const list = () => part("c-scratcher-changes");

beforeEach(() => {
  jest.useFakeTimers();
  getSettings.mockResolvedValue({ refreshSeconds: SECONDS, live: false });
  isDevHub.mockResolvedValue({ isDevHub: true, reason: "" });
  getChanges.mockResolvedValue(page({ changes: changes(2, 10), latest: 10, next: "older" }));
  getChangesAfter.mockResolvedValue({ changes: [], latest: 10, more: false });
  getOrgs.mockResolvedValue({ orgs: [watchedOrg()], next: null });
  getCoverage.mockResolvedValue({ coverage: coverage() });
  getOverlaps.mockResolvedValue({ overlaps: [], next: null });
});

afterEach(() => {
  document.body.replaceChildren();
  jest.useRealTimers();
});

async function show() {
  element = createElement("c-scratcher", { is: Scratcher });
  document.body.appendChild(element);
  await pass();
}

const happen = async (selector, event, detail) => {
  part(selector).dispatchEvent(new CustomEvent(event, { detail }));
  await pass();
};

it("loads, then shows the newest hundred of all orgs", async () => {
  element = createElement("c-scratcher", { is: Scratcher });
  document.body.appendChild(element);
  expect(element.shadowRoot.textContent).toContain("Loading the changes of all scratch orgs…");
  await pass();
  expect(part("lightning-spinner")).toBeNull();
  expect(getChanges).toHaveBeenCalledWith({ filters: {}, pageSize: 100, cursor: null });
  expect(list().rows.map((row) => row.id)).toEqual(["10", "9"]);
  const { offers } = part("c-scratcher-filters");
  expect(offers.orgs).toEqual([{ value: "00D9A0000008kXxUAI", label: "billing-refunds · test-k3jd8s@example.com" }]);
  expect(offers.people).toEqual(["Ana Ruiz"]);
  expect(offers.types).toEqual(expect.arrayContaining(["ApexClass", "Flow"]));
});

it("shows news by itself, tells them to a screen reader, and asks only for what is new", async () => {
  await show();
  getChangesAfter.mockResolvedValueOnce({ changes: [change({ id: 11 })], latest: 11, more: false });
  await pass(SECONDS * 1000);
  expect(getChangesAfter).toHaveBeenLastCalledWith({ filters: {}, pageSize: 100, after: 10 });
  expect(list().rows).toHaveLength(3);
  expect(said()).toBe("1 new change");
});

it("tells as many news again", async () => {
  await show();
  getChangesAfter.mockResolvedValueOnce({ changes: [change({ id: 11 })], latest: 11, more: false });
  await pass(SECONDS * 1000);
  let answer;
  getChangesAfter.mockReturnValueOnce(
    new Promise((done) => {
      answer = done;
    })
  );
  await pass(SECONDS * 1000);
  expect(said()).toBe("");
  answer({ changes: [change({ id: 12 })], latest: 12, more: false });
  await pass();
  expect(said()).toBe("1 new change");
});

it("loads more, filters and searches", async () => {
  await show();
  await happen("c-scratcher-changes", "more");
  expect(getChanges).toHaveBeenLastCalledWith({ filters: {}, pageSize: 100, cursor: "older" });
  await happen("c-scratcher-filters", "filter", { change_type: "NEW" });
  expect(getChanges).toHaveBeenLastCalledWith({ filters: { change_type: "NEW" }, pageSize: 100, cursor: null });
  await happen("c-scratcher-filters", "search", "Class9");
  expect(list().rows.map((row) => row.id)).toEqual(["9"]);
  await happen("c-scratcher-filters", "search", "nowhere");
  expect(list()).toBeNull();
  expect(notice().heading).toBe("No change fits");
});

it("says that it filters until the last filter that was chosen is answered", async () => {
  await show();
  const answers = [];
  getChanges.mockImplementation(() => new Promise((done) => answers.push(done)));
  await happen("c-scratcher-filters", "filter", { change_type: "NEW" });
  await happen("c-scratcher-filters", "filter", { change_type: "DELETE" });
  answers[0](page());
  await pass();
  expect(part("lightning-spinner")).not.toBeNull();
  answers[1](page());
  await pass();
  expect(part("lightning-spinner")).toBeNull();
});

it("keeps what it shows while the service is away, and shows the DevHub's own list, too", async () => {
  await show();
  getChangesAfter.mockRejectedValueOnce(apexError({ code: "service_away", message: "Away.", serviceAway: true }));
  await pass(SECONDS * 1000);
  expect(notice().heading).toBe("Away.");
  expect(notice().action).toContain("What you see below is as it was before.");
  expect(part("c-scratcher-fallback")).not.toBeNull();
  expect(list().rows).toHaveLength(2);
  await pass(SECONDS * 1000);
  expect(notice()).toBeNull();
  expect(part("c-scratcher-fallback")).toBeNull();
});

it("shows no list of the DevHub's own where an admin switched it off", async () => {
  getSettings.mockResolvedValue({ localFallback: false });
  getChanges.mockRejectedValue(apexError({ serviceAway: true }));
  await show();
  expect(part("c-scratcher-fallback")).toBeNull();
  expect(notice()).not.toBeNull();
});

it("says what is wrong with the key, asks again in a minute and at a press, and then goes on", async () => {
  getChanges.mockRejectedValueOnce(
    apexError({ code: "not_authenticated", message: "Wrong key.", action: "Enter it." })
  );
  await show();
  expect(notice().heading).toBe("Wrong key.");
  expect(notice().kind).toBe("error");
  expect(list()).toBeNull();
  notice().dispatchEvent(new CustomEvent("act"));
  await pass(300);
  expect(list().rows).toHaveLength(2);
});

it("waits for as long as the service asks", async () => {
  await show();
  getChangesAfter.mockRejectedValueOnce(apexError({ code: "too_many_requests", retryAfterSeconds: 40 }));
  await pass(SECONDS * 1000);
  expect(notice().action).toContain("This page does so by itself.");
  await pass(39000);
  expect(getChangesAfter).toHaveBeenCalledTimes(1);
  await pass(1000);
  expect(getChangesAfter).toHaveBeenCalledTimes(2);
});

it("says where it belongs in an org that is no DevHub, and asks for nothing else", async () => {
  isDevHub.mockResolvedValue({ isDevHub: false, reason: "This org is not a DevHub." });
  await show();
  expect(notice().heading).toBe("This org is not a DevHub.");
  await pass(SECONDS * 5000);
  expect(getChanges).not.toHaveBeenCalled();
  expect(getOrgs).not.toHaveBeenCalled();
});

it("says how to begin where there are no orgs, and that nothing changed where there are", async () => {
  getChanges.mockResolvedValue(page({ changes: [], latest: 0 }));
  getChangesAfter.mockResolvedValue({ changes: [], latest: 0, more: false });
  await show();
  expect(notice().heading).toBe("No changes yet");
  await happen("c-scratcher-coverage", "covered", { active: 0, watched: 0 });
  expect(notice().heading).toBe("There are no scratch orgs yet");
  expect(notice().action).toContain("sf org create scratch");
});

it("looks at once after a poll, and shows what a child could not do", async () => {
  await show();
  await happen("c-scratcher-poll", "polled");
  await pass(300);
  expect(getChangesAfter).toHaveBeenCalledTimes(1);
  await happen("c-scratcher-poll", "failed", { code: "not_allowed", message: "Not you.", action: "Ask." });
  expect(notice().heading).toBe("Not you.");
});

it("offers no poll where an admin switched it off", async () => {
  getSettings.mockResolvedValue({ pollNow: false });
  await show();
  expect(part("c-scratcher-poll")).toBeNull();
});

it("tells spans that were not watched", async () => {
  getChanges.mockResolvedValue(page({ latest: 10, gaps: [gap("08:00")] }));
  await show();
  expect(part("details").textContent).toContain("1 span was not watched");
});

it("looks for new spans, too, about once a minute, and says where it could not", async () => {
  await show();
  getChanges.mockClear().mockResolvedValueOnce(page({ gaps: [gap("09:00")] }));
  await pass(50000);
  expect(part("details")).toBeNull();
  await pass(20000);
  expect(part("details").textContent).toContain("1 span was not watched");
  expect(getChanges).toHaveBeenCalledTimes(1);
  expect(list().rows).toHaveLength(2);
  getChanges.mockRejectedValueOnce(apexError({ message: "No spans." }));
  await pass(70000);
  expect(getChanges).toHaveBeenCalledTimes(2);
  expect(notice().heading).toBe("No spans.");
});

it("shows an error for as long as the page around the feed is not well, and not longer", async () => {
  await show();
  getOverlaps.mockRejectedValue(apexError({ message: "No overlaps." }));
  await pass(70000);
  const shown = notice();
  expect(shown.heading).toBe("No overlaps.");
  await pass(SECONDS * 3000);
  expect(notice()).toBe(shown);
  getOverlaps.mockResolvedValue({ overlaps: [], next: null });
  await pass(SECONDS * 1000);
  expect(notice()).toBeNull();
});

it("leaves what is around the feed alone for as long as the service asks, or somebody presses", async () => {
  await show();
  getCoverage.mockRejectedValue(apexError({ code: "too_many_requests", message: "Wait.", retryAfterSeconds: 300 }));
  await pass(70000);
  expect(notice().heading).toBe("Wait.");
  const asked = getCoverage.mock.calls.length;
  await pass(200000);
  expect(getCoverage).toHaveBeenCalledTimes(asked);
  expect(notice().heading).toBe("Wait.");
  getCoverage.mockResolvedValue({ coverage: coverage() });
  await happen("c-scratcher-notice", "act");
  await pass(1000);
  expect(notice()).toBeNull();
});

it("reads the orgs again where they could not be read", async () => {
  getOrgs.mockRejectedValueOnce(apexError({ message: "No orgs." }));
  await show();
  expect(notice().heading).toBe("No orgs.");
  await pass(SECONDS * 1000);
  expect(notice()).toBeNull();
  expect(part("c-scratcher-filters").offers.orgs).toHaveLength(1);
});

it("says which orgs can be chosen where there are more than it reads", async () => {
  getOrgs.mockResolvedValue({ orgs: [watchedOrg()], next: "more" });
  await show();
  expect(getOrgs).toHaveBeenCalledTimes(5);
  expect(part("c-scratcher-filters").offers.orgsHelp).toBe("Only the 5 orgs that were found last.");
});

it("gives its filters and its table nothing new where nothing is", async () => {
  await show();
  await happen("c-scratcher-filters", "search", "Class");
  const before = [part("c-scratcher-filters").offers, list().rows];
  await pass(360000);
  expect(getOrgs).toHaveBeenCalledTimes(2);
  expect(part("c-scratcher-filters").offers).toBe(before[0]);
  expect(list().rows).toBe(before[1]);
});

it("asks for nothing after it has gone", async () => {
  await show();
  element.remove();
  await pass(SECONDS * 5000);
  expect(getChangesAfter).not.toHaveBeenCalled();
});

it("is accessible", async () => {
  await show();
  jest.useRealTimers();
  await expect(element).toBeAccessible();
});

it("asks again for a filter whose answer did not come", async () => {
  await show();
  getChanges.mockRejectedValueOnce(
    apexError({ code: "service_away", message: "Away.", action: "", serviceAway: true })
  );
  await happen("c-scratcher-filters", "filter", { change_type: "DELETE" });
  getChanges.mockResolvedValueOnce(page({ changes: changes(1, 9), latest: 10, next: null }));
  await pass(60000);
  expect(getChanges).toHaveBeenLastCalledWith({ filters: { change_type: "DELETE" }, pageSize: 100, cursor: null });
  expect(list().rows.map((row) => row.id)).toEqual(["9"]);
});

it("looks for news once at a time, however often it is moved while it loads", async () => {
  element = createElement("c-scratcher", { is: Scratcher });
  document.body.appendChild(element);
  document.body.removeChild(element);
  document.body.appendChild(element);
  await pass();
  await pass(SECONDS * 1000);
  expect(getChangesAfter).toHaveBeenCalledTimes(1);
});
