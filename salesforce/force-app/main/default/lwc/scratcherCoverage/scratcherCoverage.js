import { LightningElement, api } from "lwc";
import { coverage } from "c/scratcherApex";

const NAMES_SHOWN = 8;

/**
 * How many orgs are watched, and why not the others. Fires `covered` with {active, watched}, and `failed` with the
 * error in words.
 */
export default class ScratcherCoverage extends LightningElement {
  coverage;
  isOpen = false;
  _turn = 0;

  connectedCallback() {
    this.refresh();
  }

  /** Never fails: it fires `failed`. Of two at a time the later one counts. */
  @api
  async refresh() {
    this._turn += 1;
    const turn = this._turn;
    try {
      const found = await coverage();
      if (turn === this._turn) {
        this.coverage = found;
        this.dispatchEvent(new CustomEvent("covered", { detail: found }));
      }
    } catch (error) {
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    }
  }

  get counts() {
    return `${this.coverage.watched} of ${this.coverage.active} active ${this.coverage.active === 1 ? "org" : "orgs"}`;
  }

  get hasReasons() {
    return this.reasons.length > 0;
  }

  get icon() {
    return this.hasReasons ? "utility:warning" : "utility:success";
  }

  get iconVariant() {
    return this.hasReasons ? "warning" : "success";
  }

  get toggleLabel() {
    return this.isOpen ? "Hide the reasons" : "Why not the others?";
  }

  get isOpenText() {
    return String(this.isOpen);
  }

  /** Orgs with the same reason stand together; hubs come first, since a hub's trouble is all its orgs' trouble. */
  get reasons() {
    const hubs = this.coverage.dev_hubs.filter((hub) => hub.reason);
    return [...hubs.map((hub) => described("DevHub", [hub])), ...grouped(this.coverage.orgs).map(ofOrgs)];
  }

  handleToggle() {
    this.isOpen = !this.isOpen;
  }
}

function grouped(orgs) {
  const groups = new Map();
  for (const org of orgs) {
    const key = `${org.reason}\n${org.why}`;
    groups.set(key, [...(groups.get(key) ?? []), org]);
  }
  return [...groups.values()].sort((one, other) => other.length - one.length);
}

function ofOrgs(orgs) {
  return described(orgs.length === 1 ? "1 org" : `${orgs.length} orgs`, orgs);
}

function described(heading, group) {
  const [first] = group;
  const rest = group.length - NAMES_SHOWN;
  return {
    key: `${heading} ${first.org_id}`,
    heading: first.watched ? `${heading} watched, yet something is wrong` : `${heading} not watched`,
    why: first.why,
    whatToDo: first.what_to_do,
    names: group.slice(0, NAMES_SHOWN).map(called).join(", ") + (rest > 0 ? ` and ${rest} more` : "")
  };
}

function called({ name, username }) {
  if (name && username) {
    return `${name} (${username})`;
  }
  return name || username;
}
