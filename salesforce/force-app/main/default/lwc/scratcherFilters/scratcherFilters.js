import { LightningElement, api } from "lwc";
import { KIND_CHOICES } from "c/scratcherChange";
import { exact, hoursAgo } from "c/scratcherTime";
import { forget, later } from "c/scratcherTimer";

const TYPING_MILLISECONDS = 250;
const LONGEST_LABEL = 60;
const SINCE_CHOICES = [
  { value: "1", label: "Last hour" },
  { value: "24", label: "Last 24 hours" },
  { value: "168", label: "Last 7 days" },
  { value: "720", label: "Last 30 days" }
];
const CHOICES = [
  { name: "org", label: "Org", all: "All orgs" },
  { name: "member_type", label: "Type", all: "All types" },
  { name: "changed_by", label: "Person", all: "Everybody" },
  { name: "change_type", label: "Kind", all: "All kinds", options: KIND_CHOICES },
  { name: "since", label: "Since", all: "Any time", options: SINCE_CHOICES }
];

/**
 * Search and filters. Fires `search` with the text to find in what is loaded, and `filter` with the service's filters,
 * {} for none.
 */
export default class ScratcherFilters extends LightningElement {
  @api isNarrow = false;
  /** {orgs: [{value: org id, label}], types: [text], people: [text], orgsHelp}: what there is to choose from. */
  @api
  get offers() {
    return this._offers;
  }
  set offers(offers) {
    this._offers = offers;
    if (!this._isChoosing) {
      this._offer();
    }
  }
  text = "";
  filters = {};
  isOpen = false;
  options = {};
  orgsHelp;
  _offers;
  _shown; // of the offers
  _isChoosing = false;
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
    const values = { ...this.filters, since: this._hours };
    return CHOICES.map(({ name, label }) => ({
      name,
      label,
      value: values[name] ?? "",
      options: this.options[name],
      help: name === "org" ? this.orgsHelp : undefined
    }));
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

  /** A span is reckoned from when it was chosen; the page may be open for days. */
  get sinceWords() {
    return this.filters.since ? `Edited since ${exact(this.filters.since)}` : "";
  }

  handleText({ detail }) {
    this.text = detail.value;
    forget(this._typing);
    this._typing = later(() => this._search(this.text), TYPING_MILLISECONDS);
  }

  handleToggle() {
    this.isOpen = !this.isOpen;
  }

  handleOpen() {
    this._isChoosing = true;
  }

  handleChosen() {
    this._isChoosing = false;
    this._offer();
  }

  handleChoice({ target, detail }) {
    let { value } = detail;
    if (target.name === "since") {
      this._hours = value;
      value = value && hoursAgo(Number(value));
    }
    this._filter({ ...this.filters, [target.name]: value });
    this.handleChosen();
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

  /**
   * New lists, and only then: an open combobox that is given a list, even one of the same content, goes back to the
   * option it began with.
   */
  _offer() {
    if (this._shown === this._offers) {
      return;
    }
    this._shown = this._offers;
    const { orgs, types, people, orgsHelp } = this._offers;
    const found = { org: orgs, member_type: types.map(asChoice), changed_by: people.map(asChoice) };
    this.orgsHelp = orgsHelp;
    this.options = Object.fromEntries(
      CHOICES.map(({ name, all, options = found[name] }) => [
        name,
        [{ value: "", label: all }, ...options, ...this._goneFrom(name, options)]
      ])
    );
  }

  /** What is chosen and offered no more, such as an org that has ended: it is still what the changes are filtered by. */
  _goneFrom(name, options) {
    const isGone = ({ value }) => value && value === this.filters[name] && !options.some((one) => one.value === value);
    return (this.options[name] ?? []).filter(isGone);
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
