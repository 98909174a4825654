import { createElement } from "lwc";
import { change, changes } from "answers";
import { rowOf } from "c/scratcherChange";
import ScratcherChanges from "c/scratcherChanges";

let element;
const part = (selector) => element.shadowRoot.querySelector(selector);
const all = (selector) => [...element.shadowRoot.querySelectorAll(selector)];
const table = () => part("c-scratcher-datatable");
const download = () => all("lightning-button").find((one) => one.label.startsWith("package.xml"));

function show(found, properties = {}) {
  element = createElement("c-scratcher-changes", { is: ScratcherChanges });
  const rows = found.map((one) => rowOf(one));
  Object.assign(element, { rows, loaded: rows.length, pageSize: 100, mostRows: 500, ...properties });
  document.body.appendChild(element);
}

async function happen(target, event, detail) {
  target.dispatchEvent(new CustomEvent(event, { detail }));
  await Promise.resolve();
}

it("shows a table, the latest first, with what issue and people need", () => {
  show(changes(3, 9));
  expect(table().data.map((row) => row.id)).toEqual(["9", "8", "7"]);
  expect(table().columns.map((column) => column.label)).toEqual(["Name", "Type", "Kind", "Person", "Org", "Time"]);
  expect(part("[role=status]").textContent).toBe("3 latest changes");
});

it("sorts what is shown, and what comes in later", async () => {
  show(changes(3, 9));
  await happen(table(), "sort", { fieldName: "name", sortDirection: "asc" });
  expect(table().data.map((row) => row.name)).toEqual(["Class7", "Class8", "Class9"]);
  element.rows = [rowOf(change({ id: 99, member_name: "Class75" })), ...element.rows];
  await Promise.resolve();
  expect(table().data.map((row) => row.name)).toEqual(["Class7", "Class75", "Class8", "Class9"]);
});

it("gives the table no new list where rows are the same", async () => {
  show(changes(3, 9));
  const before = table().data;
  element.isLoading = true;
  await Promise.resolve();
  expect(table().data).toBe(before);
});

it("downloads a package.xml of the selected, and says what is left out", async () => {
  show([change({ id: 1, member_name: "Kept" }), change({ id: 2, member_name: "Gone", change_type: "DELETE" })]);
  expect(download().disabled).toBe(true);
  await happen(table(), "rowselection", { selectedRows: table().data });
  expect(download().label).toBe("package.xml of 2 selected");
  let link;
  const click = jest.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function clicked() {
    link = this;
  });
  download().click();
  await Promise.resolve();
  expect(link.download).toBe("package.xml");
  expect(decodeURIComponent(link.href)).toContain("<members>Kept</members>");
  expect(decodeURIComponent(link.href)).not.toContain("Gone");
  expect(element.shadowRoot.textContent).toContain("names 1 component; 1 deleted component is left out");
  click.mockRestore();
});

it("says no more what the selection before gave", async () => {
  show([change({ id: 1, change_type: "DELETE" }), change({ id: 2 })]);
  await happen(table(), "rowselection", { selectedRows: [table().data.find((row) => row.id === "1")] });
  download().click();
  await Promise.resolve();
  expect(element.shadowRoot.textContent).toContain("Nothing to retrieve");
  await happen(table(), "rowselection", { selectedRows: table().data });
  expect(element.shadowRoot.textContent).not.toContain("Nothing to retrieve");
});

it("counts one change as one", () => {
  show([change()]);
  expect(part("[role=status]").textContent).toBe("1 latest change");
});

it("downloads nothing where nothing can be retrieved", async () => {
  show([change({ change_type: "DELETE" })]);
  await happen(table(), "rowselection", { selectedRows: table().data });
  const click = jest.spyOn(HTMLAnchorElement.prototype, "click");
  download().click();
  await Promise.resolve();
  expect(click).not.toHaveBeenCalled();
  expect(element.shadowRoot.textContent).toContain("Nothing to retrieve");
  click.mockRestore();
});

it("loads more, until it says to narrow the filter", async () => {
  const more = jest.fn();
  show(changes(3, 9), { hasMore: true });
  element.addEventListener("more", more);
  const button = part(".end lightning-button");
  expect(button.label).toBe("Load 100 more");
  button.click();
  expect(more).toHaveBeenCalledTimes(1);
  Object.assign(element, { hasMore: false, isFull: true });
  await Promise.resolve();
  expect(part(".end").textContent).toContain("Narrow the filter");
  element.isFull = false;
  await Promise.resolve();
  expect(part(".end").textContent).toContain("No older changes");
});

it("is a list where there is little room: selects, sorts and stays accessible", async () => {
  show(changes(3, 9), { isList: true });
  expect(table()).toBeNull();
  expect(all("li")).toHaveLength(3);
  const box = part("input");
  box.checked = true;
  box.dispatchEvent(new CustomEvent("change"));
  await Promise.resolve();
  expect(download().label).toBe("package.xml of 1 selected");
  await happen(part("lightning-combobox"), "change", { value: "name" });
  expect(part(".name").textContent).toBe("Class7");
  await expect(element).toBeAccessible();
});

it("counts what the search has found", () => {
  show(changes(3, 9), { loaded: 100 });
  expect(part("[role=status]").textContent).toBe("3 of 100 loaded changes fit the search");
});
