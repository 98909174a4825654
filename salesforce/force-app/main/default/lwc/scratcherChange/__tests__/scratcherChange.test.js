import { change, changes, org, person } from "answers";
import { merged, orgLabel, personLabel, rowOf, safeUrl, searched, sorted } from "c/scratcherChange";

const rows = (...found) => found.map((one) => rowOf(one));
const ids = (found) => found.map((row) => row.id);

it("makes a row that can be shown", () => {
  expect(rowOf(change(), true)).toMatchObject({
    id: "1",
    org: "billing-refunds",
    orgUrl: "https://fun-otter-1234.scratch.my.salesforce.com",
    type: "ApexClass",
    name: "RefundService",
    kindLabel: "Changed",
    person: "Ana Ruiz",
    at: "2026-11-21T09:28:11Z",
    fresh: true
  });
});

it("shows a kind that it does not know", () => {
  expect(rowOf(change({ change_type: "MOVED" })).kindLabel).toBe("MOVED");
});

// eslint-disable-next-line no-script-url -- that is what must not become a link
it.each([["javascript:alert(1)"], ["http://insecure.example"], [""], [null], [" https://x"]])(
  "makes no link of %s",
  (url) => {
    expect(safeUrl(url)).toBeUndefined();
  }
);

it("calls orgs and people by the best that is known", () => {
  expect(orgLabel(org({ alias: "" }))).toBe("Billing");
  expect(orgLabel(org({ alias: "", name: "" }))).toBe("test-k3jd8s@example.com");
  expect(personLabel(person({ name: null }))).toBe("test-k3jd8s@example.com");
  expect(personLabel(person({ name: null, username: null }))).toBe("0059A000004TgXyQAK");
});

it("merges each change once, the latest first, and no more than the most", () => {
  const old = rows(...changes(3, 10));
  const found = merged(old, rows(...changes(3, 12)), 4);
  expect(ids(found)).toEqual(["12", "11", "10", "9"]);
  expect(ids(old)).toEqual(["10", "9", "8"]);
});

it("sorts by a column in any case, the latest first among those alike", () => {
  const found = rows(
    change({ id: 1, member_name: "beta" }),
    change({ id: 2, member_name: "Alpha" }),
    change({ id: 3, member_name: "alpha", last_modified_date: "2026-11-22T00:00:00Z" })
  );
  expect(ids(sorted(found, "name", "asc"))).toEqual(["3", "2", "1"]);
  expect(ids(sorted(found, "name", "desc"))).toEqual(["1", "3", "2"]);
});

it("finds all words, wherever they stand", () => {
  const found = rows(change({ id: 1 }), change({ id: 2, member_name: "Other", changed_by: person({ name: "Ben" }) }));
  expect(ids(searched(found, "refund ana"))).toEqual(["1"]);
  expect(ids(searched(found, "APEXCLASS"))).toEqual(["1", "2"]);
  expect(ids(searched(found, "refundservice ben"))).toEqual([]);
  expect(searched(found, "  ")).toBe(found);
});
