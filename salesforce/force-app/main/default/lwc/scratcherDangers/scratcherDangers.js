import { LightningElement, api } from "lwc";
import { overlaps } from "c/scratcherApex";
import { orgLabel, personLabel, safeUrl } from "c/scratcherChange";
import { daysUntil, endsIn } from "c/scratcherTime";

const SHOWN_FIRST = 3;
const PEOPLE_NAMED = 4;
const MOST_OVERLAPS = 20;

/**
 * What may get lost: components that are edited in several orgs, and orgs that end soon with work in them. Fires
 * `failed` with the error in words.
 */
export default class ScratcherDangers extends LightningElement {
  /** As GET /api/orgs answers; undefined until they are known. */
  @api orgs;
  /** How many days back an edit counts, and how many days ahead an end. */
  @api overlapDays;
  @api endingDays;
  showsAllOverlaps = false;
  showsAllEnding = false;
  _found;
  _hasMore = false;
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
      const answer = await overlaps(this.overlapDays, MOST_OVERLAPS);
      if (turn === this._turn) {
        this._found = [...answer.overlaps].sort((one, other) => isShared(other) - isShared(one)).map(described);
        this._hasMore = Boolean(answer.next);
      }
    } catch (error) {
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    }
  }

  get isCalm() {
    return Boolean(this._found && this.orgs) && !this.hasOverlaps && !this.hasEnding;
  }

  get calmWords() {
    return (
      `Nothing in danger: no component was edited in several orgs in the last ${this.overlapDays} days, ` +
      `and no org with work in it ends within ${this.endingDays} days.`
    );
  }

  get hasOverlaps() {
    return this._found?.length > 0;
  }

  get hasMoreOverlaps() {
    return this._found.length > SHOWN_FIRST;
  }

  get overlaps() {
    return this.showsAllOverlaps ? this._found : this._found.slice(0, SHOWN_FIRST);
  }

  get overlapHeading() {
    const count = this._found.length;
    return `${count}${this._hasMore ? "+" : ""} ${count === 1 ? "component is" : "components are"} edited in several orgs`;
  }

  get moreOverlapsLabel() {
    return this.showsAllOverlaps ? "Show fewer components" : `Show ${this._found.length - SHOWN_FIRST} more components`;
  }

  get _allEnding() {
    return (this.orgs ?? [])
      .filter((org) => org.status === "Active" && org.changes_total > 0)
      .map((org) => ({ ...org, days: daysUntil(org.expiration_date) }))
      .filter((org) => org.days !== null && org.days <= this.endingDays)
      .sort((one, other) => one.days - other.days)
      .map(ends);
  }

  get hasEnding() {
    return this._allEnding.length > 0;
  }

  get hasMoreEnding() {
    return this._allEnding.length > SHOWN_FIRST;
  }

  get ending() {
    return this.showsAllEnding ? this._allEnding : this._allEnding.slice(0, SHOWN_FIRST);
  }

  get endingHeading() {
    const count = this._allEnding.length;
    return count === 1 ? "1 org with work in it ends soon" : `${count} orgs with work in them end soon`;
  }

  get moreEndingLabel() {
    return this.showsAllEnding ? "Show fewer orgs" : `Show ${this._allEnding.length - SHOWN_FIRST} more orgs`;
  }

  handleOverlaps() {
    this.showsAllOverlaps = !this.showsAllOverlaps;
  }

  handleEnding() {
    this.showsAllEnding = !this.showsAllEnding;
  }
}

function isShared(overlap) {
  return Number(overlap.distinct_people > 1);
}

function described(overlap) {
  const { distinct_people: people, org_count: orgs } = overlap;
  const names = [...new Set(overlap.orgs.map((edit) => personLabel(edit.changed_by)))];
  return {
    key: JSON.stringify([overlap.dev_hub.id, overlap.member_type, overlap.member_name]),
    name: overlap.member_name,
    type: overlap.member_type,
    summary: `${people === 1 ? "1 person" : `${people} people`} in ${orgs} orgs`,
    who: names.slice(0, PEOPLE_NAMED).join(", ") + (names.length > PEOPLE_NAMED ? " and others" : ""),
    at: overlap.last_edited_at
  };
}

function ends(org) {
  return {
    id: org.org_id,
    label: orgLabel(org),
    hint: org.username,
    url: safeUrl(org.url),
    ends: endsIn(org.days),
    changes: org.changes_total === 1 ? "1 change" : `${org.changes_total} changes`,
    owner: org.owner.name || org.owner.username
  };
}
