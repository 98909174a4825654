import { createElement } from "lwc";
import { apexError } from "answers";
import getLocalOrgs from "@salesforce/apex/Scratcher.getLocalOrgs";
import ScratcherFallback from "c/scratcherFallback";

jest.mock("@salesforce/apex/Scratcher.getLocalOrgs", () => ({ default: jest.fn() }), { virtual: true });

const inDays = (days) => new Date(Date.now() + days * 86400000).toISOString().slice(0, 10);
const localOrg = (differs) => ({
  org_id: "00D1",
  name: "Billing",
  username: "u@example.com",
  owner: "Ana Ruiz",
  status: "Active",
  expiration_date: inDays(5),
  edition: "Developer",
  link: "https://x.example",
  ...differs
});
let element;
const items = () => [...element.shadowRoot.querySelectorAll("li")].map((item) => item.textContent);

async function show() {
  element = createElement("c-scratcher-fallback", { is: ScratcherFallback });
  document.body.appendChild(element);
  // eslint-disable-next-line @lwc/lwc/no-async-operation -- all that is promised has happened then
  await new Promise((done) => setTimeout(done));
}

it("lists the DevHub's own orgs, those that end first on top, and says what they are", async () => {
  getLocalOrgs.mockResolvedValue({
    orgs: [
      localOrg({ org_id: "1", name: "Later" }),
      localOrg({ org_id: "2", name: "Unread", expiration_date: null, owner: null, edition: null }),
      localOrg({ org_id: "3", name: "Soon", expiration_date: inDays(1) })
    ]
  });
  await show();
  expect(element.shadowRoot.textContent).toContain("Read from the DevHub itself, since the service is away");
  expect(items().map((item) => item.match(/Soon|Later|Unread/)[0])).toEqual(["Soon", "Later", "Unread"]);
  expect(items()[0]).toContain("Ana Ruiz · Developer · Active");
  expect(items()[0]).toContain("ends tomorrow");
  await expect(element).toBeAccessible();
});

it("shows all of many when asked", async () => {
  getLocalOrgs.mockResolvedValue({ orgs: Array.from({ length: 30 }, (_, n) => localOrg({ org_id: `${n}` })) });
  await show();
  expect(items()).toHaveLength(8);
  element.shadowRoot.querySelector("lightning-button").click();
  await Promise.resolve();
  expect(items()).toHaveLength(30);
});

it("says that its list is full, and which orgs these are", async () => {
  const orgs = Array.from({ length: 1000 }, (_, n) => localOrg({ org_id: `${n}` }));
  getLocalOrgs.mockResolvedValue({ orgs, more: true });
  await show();
  expect(element.shadowRoot.textContent).toContain("These are the 1,000 that end first; there may be more.");
  expect(element.shadowRoot.querySelector("lightning-button").label).toBe("Show these 1,000 orgs");
});

it("says that there are none", async () => {
  getLocalOrgs.mockResolvedValue({ orgs: [] });
  await show();
  expect(element.shadowRoot.textContent).toContain("no active scratch orgs");
});

it("says why it cannot be read, and reads again", async () => {
  getLocalOrgs.mockRejectedValueOnce(apexError({ message: "You may not read them." }));
  await show();
  const notice = element.shadowRoot.querySelector("c-scratcher-notice");
  expect(notice.heading).toBe("You may not read them.");
  getLocalOrgs.mockResolvedValue({ orgs: [localOrg()] });
  notice.dispatchEvent(new CustomEvent("act"));
  // eslint-disable-next-line @lwc/lwc/no-async-operation -- all that is promised has happened then
  await new Promise((done) => setTimeout(done));
  expect(items()).toHaveLength(1);
  expect(element.shadowRoot.querySelector("c-scratcher-notice")).toBeNull();
});

it("lists orgs whose ids this user may not read", async () => {
  getLocalOrgs.mockResolvedValue({ orgs: [localOrg({ org_id: null }), localOrg({ org_id: null })] });
  await show();
  expect(items()).toHaveLength(2);
});
