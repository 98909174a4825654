import { LightningElement, api } from "lwc";
import { sorted } from "c/scratcherChange";
import { packageXml } from "c/scratcherPackageXml";

const ROWS_WITHOUT_SCROLLING = 14;
const PLAIN = { sortable: true, hideDefaultActions: true };
const COLUMNS = [
  { ...PLAIN, label: "Name", fieldName: "name", type: "words" },
  { ...PLAIN, label: "Type", fieldName: "type", type: "words", initialWidth: 215 },
  {
    ...PLAIN,
    label: "Kind",
    fieldName: "kindLabel",
    type: "kind",
    initialWidth: 110,
    typeAttributes: { theme: { fieldName: "kindTheme" } }
  },
  { ...PLAIN, label: "Person", fieldName: "person", type: "words", initialWidth: 160 },
  {
    ...PLAIN,
    label: "Org",
    fieldName: "org",
    type: "org",
    initialWidth: 200,
    typeAttributes: { url: { fieldName: "orgUrl" }, hint: { fieldName: "orgHint" } }
  },
  {
    ...PLAIN,
    label: "Time",
    fieldName: "at",
    type: "when",
    initialWidth: 145,
    typeAttributes: { fresh: { fieldName: "fresh" } }
  }
];

/**
 * Changes as a table, or as a list where there is little room; sorted here, selected for a package.xml. Fires `more`
 * for older ones.
 */
export default class ScratcherChanges extends LightningElement {
  /** Rows as c/scratcherChange makes them. */
  @api
  get rows() {
    return this._rows;
  }
  set rows(rows) {
    this._rows = rows;
    this._arrange();
  }
  /** How many are loaded; `rows` are those in which the search was found. */
  @api loaded = 0;
  @api hasMore = false;
  @api isFull = false;
  @api isLoading = false;
  @api isList = false;
  @api pageSize;
  @api mostRows;
  columns = COLUMNS;
  sortedBy = "at";
  sortedDirection = "desc";
  selectedIds = [];
  downloaded = "";
  /** A new list only where it differs: the table renders all of it anew. */
  shown = [];
  _rows = [];

  get tiles() {
    const selected = new Set(this.selectedIds);
    return this.shown.map((row) => ({ ...row, isSelected: selected.has(row.id) }));
  }

  get summary() {
    const { length } = this.rows;
    return length === this.loaded
      ? `${length} latest ${length === 1 ? "change" : "changes"}`
      : `${length} of ${this.loaded} loaded changes fit the search`;
  }

  get tableClass() {
    return this.rows.length > ROWS_WITHOUT_SCROLLING ? "table tall" : "table";
  }

  get sortChoices() {
    return COLUMNS.map(({ label, fieldName }) => ({ label: `Sort by ${label.toLowerCase()}`, value: fieldName }));
  }

  get _selected() {
    const selected = new Set(this.selectedIds);
    return this.rows.filter((row) => selected.has(row.id));
  }

  get hasNoSelection() {
    return this._selected.length === 0;
  }

  get downloadLabel() {
    const { length } = this._selected;
    return length ? `package.xml of ${length} selected` : "package.xml";
  }

  get moreLabel() {
    return this.isLoading ? "Loading…" : `Load ${this.pageSize} more`;
  }

  _arrange() {
    this.shown = sorted(this._rows, this.sortedBy, this.sortedDirection);
  }

  handleSort({ detail }) {
    this.sortedBy = detail.fieldName;
    this.sortedDirection = detail.sortDirection;
    this._arrange();
  }

  handleSortChoice({ detail }) {
    this.sortedBy = detail.value;
    this.sortedDirection = detail.value === "at" ? "desc" : "asc";
    this._arrange();
  }

  handleSelection({ detail }) {
    this._select(detail.selectedRows.map((row) => row.id));
  }

  handleCheck({ target }) {
    const others = this.selectedIds.filter((id) => id !== target.value);
    this._select(target.checked ? [...others, target.value] : others);
  }

  _select(ids) {
    this.selectedIds = ids;
    this.downloaded = ""; // of the selection before
  }

  handleMore() {
    this.dispatchEvent(new CustomEvent("more"));
  }

  /** A data address, since Lightning Web Security lets no XML become a Blob's. */
  handleDownload() {
    const { xml, count, deleted } = packageXml(this._selected.map(componentOf));
    const left = deleted === 1 ? "1 deleted component is" : `${deleted} deleted components are`;
    this.downloaded =
      (count ? `package.xml names ${count} ${count === 1 ? "component" : "components"}` : "Nothing to retrieve") +
      (deleted ? `; ${left} left out, since nothing can be retrieved of it.` : ".");
    if (count) {
      const link = document.createElement("a");
      link.href = `data:application/octet-stream;charset=utf-8,${encodeURIComponent(xml)}`;
      link.download = "package.xml";
      link.click();
    }
  }
}

function componentOf(row) {
  return { type: row.type, name: row.name, kind: row.kind, at: row.at };
}
