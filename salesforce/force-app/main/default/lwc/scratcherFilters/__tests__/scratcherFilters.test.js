import { createElement } from "lwc";
import ScratcherFilters from "c/scratcherFilters";

let element;
const filtered = jest.fn();
const searched = jest.fn();
const all = (selector) => [...element.shadowRoot.querySelectorAll(selector)];
const named = (name) => all("lightning-combobox").find((box) => box.name === name);
const offered = (name) => named(name).options.map((option) => option.label);
const OFFERS = { orgs: [{ value: "00D1", label: "Billing" }], types: ["Flow"], people: ["Ana Ruiz"] };
const button = (label) => all("lightning-button").find((one) => one.label.startsWith(label));

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse("2026-11-21T12:00:00Z") });
  element = createElement("c-scratcher-filters", { is: ScratcherFilters });
  element.offers = OFFERS;
  element.addEventListener("filter", ({ detail }) => filtered(detail));
  element.addEventListener("search", ({ detail }) => searched(detail));
  document.body.appendChild(element);
});

afterEach(() => {
  document.body.replaceChildren();
  jest.useRealTimers();
});

async function happen(name, event, detail) {
  named(name).dispatchEvent(new CustomEvent(event, { detail }));
  await Promise.resolve();
}

const choose = (name, value) => happen(name, "change", { value });

async function offer(differs) {
  element.offers = { ...OFFERS, ...differs };
  await Promise.resolve();
}

async function type(value) {
  all("lightning-input")[0].dispatchEvent(new CustomEvent("change", { detail: { value } }));
  await Promise.resolve();
}

it("offers all orgs, types, people, kinds and times", () => {
  const boxes = all("lightning-combobox").map((box) => [box.label, offered(box.name)]);
  expect(boxes.slice(0, 4)).toEqual([
    ["Org", ["All orgs", "Billing"]],
    ["Type", ["All types", "Flow"]],
    ["Person", ["Everybody", "Ana Ruiz"]],
    ["Kind", ["All kinds", "New", "Changed", "Deleted"]]
  ]);
  expect(boxes[4][1]).toContain("Last 24 hours");
});

it("gives its comboboxes the same lists while nothing else is offered", async () => {
  const before = all("lightning-combobox").map((box) => box.options);
  await type("x");
  await choose("org", "00D1");
  all("lightning-combobox").forEach((box, place) => expect(box.options).toBe(before[place]));
});

it.each([
  ["it is left", () => happen("change_type", "blur")],
  ["something is chosen", () => choose("change_type", "NEW")]
])("takes in what is offered while a combobox is open when %s", async (_, close) => {
  const before = named("change_type").options;
  await happen("change_type", "open");
  await offer({ types: ["Flow", "Layout"] });
  expect(named("change_type").options).toBe(before);
  expect(offered("member_type")).toEqual(["All types", "Flow"]);
  await close();
  expect(offered("member_type")).toEqual(["All types", "Flow", "Layout"]);
  await offer({ types: ["Flow", "Layout", "Profile"] });
  expect(offered("member_type")).toHaveLength(4);
});

it("keeps an org that has ended while the changes are filtered by it", async () => {
  await choose("org", "00D1");
  await offer({ orgs: [{ value: "00D2", label: "Ledger" }] });
  expect(offered("org")).toEqual(["All orgs", "Ledger", "Billing"]);
  await choose("org", "");
  await offer({ orgs: [{ value: "00D2", label: "Ledger" }] });
  expect(offered("org")).toEqual(["All orgs", "Ledger"]);
});

it("says which orgs these are where not all are listed", async () => {
  expect(named("org").fieldLevelHelp).toBeUndefined();
  await offer({ orgsHelp: "Only the 1,000 orgs that were found last." });
  expect(named("org").fieldLevelHelp).toBe("Only the 1,000 orgs that were found last.");
  expect(named("change_type").fieldLevelHelp).toBeUndefined();
});

it("joins filters, and leaves out those that are taken back", async () => {
  await choose("org", "00D1");
  await choose("change_type", "DELETE");
  expect(filtered).toHaveBeenLastCalledWith({ org: "00D1", change_type: "DELETE" });
  await choose("org", "");
  expect(filtered).toHaveBeenLastCalledWith({ change_type: "DELETE" });
});

it("turns a span into the time at which it begins", async () => {
  await choose("since", "24");
  expect(filtered).toHaveBeenLastCalledWith({ since: "2026-11-20T12:00:00.000Z" });
  expect(named("since").value).toBe("24");
  expect(element.shadowRoot.textContent).toMatch(/Edited since Nov 20, 2026/);
  await choose("since", "");
  expect(filtered).toHaveBeenLastCalledWith({});
});

it("searches when typing pauses", async () => {
  await type("ref");
  await type("refund");
  expect(searched).not.toHaveBeenCalled();
  jest.advanceTimersByTime(250);
  expect(searched.mock.calls).toEqual([["refund"]]);
});

it("asks the service for all names that begin so", async () => {
  await type("Refund");
  button("Search all names that begin with “Refund”").click();
  await Promise.resolve();
  expect(filtered).toHaveBeenLastCalledWith({ member_name: "Refund*" });
  expect(searched).toHaveBeenLastCalledWith("");
  const pill = all("lightning-pill")[0];
  expect(pill.label).toBe("Name begins with “Refund”");
  pill.dispatchEvent(new CustomEvent("remove"));
  expect(filtered).toHaveBeenLastCalledWith({});
});

it("offers no prefix of two words, and shortens a long one", async () => {
  await type("refund ana");
  expect(button("Search all")).toBeUndefined();
  await type("L".repeat(255));
  expect(button("Search all").label.length).toBeLessThan(110);
});

it("clears everything", async () => {
  await choose("org", "00D1");
  await type("x");
  button("Clear filters").click();
  await Promise.resolve();
  expect(filtered).toHaveBeenLastCalledWith({});
  expect(searched).toHaveBeenLastCalledWith("");
  expect(button("Clear filters")).toBeUndefined();
});

it("hides its choices behind a button that counts them where there is little room", async () => {
  element.isNarrow = true;
  await Promise.resolve();
  expect(all("lightning-combobox")).toHaveLength(0);
  button("Filters").click();
  await Promise.resolve();
  expect(all("lightning-combobox")).toHaveLength(5);
  await choose("org", "00D1");
  expect(button("Filters (1)")).toBeDefined();
});

it("is accessible", async () => {
  jest.useRealTimers();
  await expect(element).toBeAccessible();
});
