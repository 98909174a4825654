import { LightningElement, api } from "lwc";
import { KIND_CHOICES } from "c/scratcherChange";
import { hoursAgo } from "c/scratcherTime";
import { forget, later } from "c/scratcherTimer";

const TYPING_MILLISECONDS = 250;
const LONGEST_LABEL = 60;
const SINCE_CHOICES = [
  { value: "1", label: "Last hour" },
  { value: "24", label: "Last 24 hours" },
  { value: "168", label: "Last 7 days" },
  { value: "720", label: "Last 30 days" }
];

/**
 * Search and filters. Fires `search` with the text to find in what is loaded, and `filter` with the service's filters,
 * {} for none.
 */
export default class ScratcherFilters extends LightningElement {
  @api isNarrow = false;
  /** [{value: org id, label}] */
  @api orgs = [];
  /** [text] */
  @api types = [];
  @api people = [];
  text = "";
  filters = {};
  isOpen = false;
  _hours;
  _typing;

  disconnectedCallback() {
    forget(this._typing);
  }

  /** Takes all filters and the search away, and says so. */
  @api
  clear() {
    this.text = "";
    this._search("");
    this._hours = undefined;
    this._filter({});
  }

  get choices() {
    return [
      this._choice("org", "Org", "All orgs", this.orgs),
      this._choice("member_type", "Type", "All types", this.types.map(asChoice)),
      this._choice("changed_by", "Person", "Everybody", this.people.map(asChoice)),
      this._choice("change_type", "Kind", "All kinds", KIND_CHOICES),
      this._choice("since", "Since", "Any time", SINCE_CHOICES, this._hours)
    ];
  }

  get showsChoices() {
    return !this.isNarrow || this.isOpen;
  }

  get toggleLabel() {
    const { length } = Object.keys(this.filters);
    return length ? `Filters (${length})` : "Filters";
  }

  get isOpenText() {
    return String(this.isOpen);
  }

  get isFiltered() {
    return Object.keys(this.filters).length > 0;
  }

  get hasNotes() {
    return this.isFiltered || this.prefixOffer;
  }

  get prefixOffer() {
    const name = this.text.trim();
    return name && !name.includes(" ") && this.filters.member_name !== `${name}*`
      ? `Search all names that begin with “${shortened(name)}”`
      : "";
  }

  get prefixLabel() {
    return `Name begins with “${shortened(this.filters.member_name.slice(0, -1))}”`;
  }

  handleText({ detail }) {
    this.text = detail.value;
    forget(this._typing);
    this._typing = later(() => this._search(this.text), TYPING_MILLISECONDS);
  }

  handleToggle() {
    this.isOpen = !this.isOpen;
  }

  handleChoice({ target, detail }) {
    let { value } = detail;
    if (target.name === "since") {
      this._hours = value;
      value = value && hoursAgo(Number(value));
    }
    this._filter({ ...this.filters, [target.name]: value });
  }

  handlePrefix() {
    this._filter({ ...this.filters, member_name: `${this.text.trim()}*` });
    this.text = "";
    this._search("");
  }

  handlePrefixGone() {
    this._filter({ ...this.filters, member_name: "" });
  }

  handleClear() {
    this.clear();
  }

  _choice(name, label, all, options, value = this.filters[name]) {
    return { name, label, value: value ?? "", options: [{ value: "", label: all }, ...options] };
  }

  _filter(filters) {
    this.filters = Object.fromEntries(Object.entries(filters).filter(([, value]) => value));
    this.dispatchEvent(new CustomEvent("filter", { detail: this.filters }));
  }

  _search(text) {
    forget(this._typing);
    this.dispatchEvent(new CustomEvent("search", { detail: text }));
  }
}

function asChoice(value) {
  return { value, label: value };
}

function shortened(text) {
  return text.length > LONGEST_LABEL ? `${text.slice(0, LONGEST_LABEL)}…` : text;
}
