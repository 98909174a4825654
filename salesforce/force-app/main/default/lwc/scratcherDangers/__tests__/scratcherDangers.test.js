import { createElement } from "lwc";
import { apexError, overlap, watchedOrg } from "answers";
import getOverlaps from "@salesforce/apex/ScratcherExternalService.getOverlaps";
import ScratcherDangers from "c/scratcherDangers";

jest.mock("@salesforce/apex/ScratcherExternalService.getOverlaps", () => ({ default: jest.fn() }), { virtual: true });

const DAY = 86400000;
const inDays = (days) => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);
let element;
const items = () => [...element.shadowRoot.querySelectorAll("li")].map((item) => item.textContent);
const headings = () => [...element.shadowRoot.querySelectorAll("h3")].map((heading) => heading.textContent.trim());
const buttons = () => [...element.shadowRoot.querySelectorAll("lightning-button")];

const failed = jest.fn();

async function show({ orgs = [], overlaps = [], next = null } = {}) {
  getOverlaps.mockResolvedValueOnce({ overlaps, next });
  element = createElement("c-scratcher-dangers", { is: ScratcherDangers });
  Object.assign(element, { orgs, overlapDays: 14, endingDays: 3 });
  element.addEventListener("failed", failed);
  document.body.appendChild(element);
  // eslint-disable-next-line @lwc/lwc/no-async-operation -- all that is promised has happened then
  await new Promise((done) => setTimeout(done));
}

it("says that nothing is in danger", async () => {
  await show();
  expect(element.shadowRoot.textContent).toContain("Nothing in danger");
  expect(getOverlaps).toHaveBeenLastCalledWith({ days: 14, pageSize: 20, cursor: null });
});

it("warns of orgs that end soon with work in them, the soonest first", async () => {
  await show({
    orgs: [
      watchedOrg({ org_id: "1", alias: "third", expiration_date: inDays(3), changes_total: 1 }),
      watchedOrg({ org_id: "2", alias: "today", expiration_date: inDays(0) }),
      watchedOrg({ org_id: "3", alias: "far", expiration_date: inDays(4) }),
      watchedOrg({ org_id: "4", alias: "empty", expiration_date: inDays(0), changes_total: 0 }),
      watchedOrg({ org_id: "5", alias: "deleted", expiration_date: inDays(0), status: "Deleted" }),
      watchedOrg({ org_id: "6", alias: "unknown", expiration_date: null })
    ]
  });
  expect(headings()).toEqual(["2 orgs with work in them end soon"]);
  expect(items()[0]).toContain("today");
  expect(items()[0]).toContain("ends today · 4 changes · Ana Ruiz");
  expect(items()[1]).toContain("ends in 3 days · 1 change");
  await expect(element).toBeAccessible();
});

it("shows the later of two answers, whichever comes first", async () => {
  await show();
  let late;
  getOverlaps.mockReturnValueOnce(
    new Promise((done) => {
      late = done;
    })
  );
  const first = element.refresh();
  getOverlaps.mockResolvedValueOnce({ overlaps: [], next: null });
  await element.refresh();
  late({ overlaps: [overlap()], next: null });
  await first;
  await Promise.resolve();
  expect(element.shadowRoot.textContent).toContain("Nothing in danger");
});

it("puts what several people edit before what one person edits in several orgs", async () => {
  await show({
    overlaps: [
      overlap({ member_name: "Alone", distinct_people: 1 }),
      overlap({ member_name: "Shared", distinct_people: 2, org_count: 3 })
    ]
  });
  expect(headings()).toEqual(["2 components are edited in several orgs"]);
  expect(items()[0]).toContain("Shared");
  expect(items()[0]).toContain("2 people in 3 orgs");
  expect(items()[0]).toContain("Ana Ruiz, Ben Ito");
  expect(items()[1]).toContain("1 person in 2 orgs");
});

it("shows three, and all when asked", async () => {
  const many = Array.from({ length: 20 }, (_, n) => overlap({ member_name: `Class${n}` }));
  await show({ overlaps: many, next: "more" });
  expect(headings()).toEqual(["20+ components are edited in several orgs"]);
  expect(items()).toHaveLength(3);
  expect(buttons()[0].label).toBe("Show 17 more components");
  buttons()[0].click();
  await Promise.resolve();
  expect(items()).toHaveLength(20);
});

it("makes no link of an address that is not Salesforce's kind", async () => {
  // eslint-disable-next-line no-script-url -- that is what must not become a link
  await show({ orgs: [watchedOrg({ expiration_date: inDays(1), url: "javascript:alert(1)" })] });
  expect(element.shadowRoot.querySelector("a")).toBeNull();
});

it("passes on why overlaps could not be read again, keeps what it shows, and goes on", async () => {
  await show({ overlaps: [overlap({ member_name: "Shared" })] });
  getOverlaps.mockRejectedValueOnce(apexError({ code: "too_broad" }));
  await element.refresh();
  expect(failed.mock.calls[0][0].detail.code).toBe("too_broad");
  expect(items()).toHaveLength(1);
  getOverlaps.mockResolvedValueOnce({ overlaps: [], next: null });
  await element.refresh();
  expect(element.shadowRoot.textContent).toContain("Nothing in danger");
});
