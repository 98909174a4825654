import { LightningElement } from "lwc";
import { localOrgs } from "c/scratcherApex";
import { orgLabel, safeUrl } from "c/scratcherChange";
import { daysUntil, endsIn } from "c/scratcherTime";

const SHOWN_FIRST = 8;

/** What the DevHub itself knows of its scratch orgs, those that end first on top: shown while the service is away. */
export default class ScratcherFallback extends LightningElement {
  showsAll = false;
  error;
  isLoading = false;
  isCut = false;
  _all;

  connectedCallback() {
    this.load();
  }

  async load() {
    this.isLoading = true;
    this.error = undefined;
    try {
      const { orgs, more } = await localOrgs();
      this._all = orgs.map(described).sort((one, other) => soonest(one) - soonest(other));
      this.isCut = Boolean(more);
    } catch (error) {
      this.error = error;
    } finally {
      this.isLoading = false;
    }
  }

  get isEmpty() {
    return this._all?.length === 0;
  }

  get orgs() {
    return this.showsAll ? this._all : this._all?.slice(0, SHOWN_FIRST);
  }

  get hasMore() {
    return this._all?.length > SHOWN_FIRST;
  }

  get _count() {
    return this._all.length.toLocaleString("en");
  }

  get moreLabel() {
    if (this.showsAll) {
      return "Show fewer orgs";
    }
    return `Show ${this.isCut ? "these" : "all"} ${this._count} orgs`;
  }

  get cutWords() {
    return this.isCut ? `These are the ${this._count} that end first; there may be more.` : "";
  }

  handleMore() {
    this.showsAll = !this.showsAll;
  }
}

/** Orgs without an end come last. */
function soonest({ days }) {
  return days ?? Infinity;
}

function described(org, index) {
  const days = daysUntil(org.expiration_date);
  return {
    id: org.org_id ?? `no id ${index}`, // hidden from this user
    label: orgLabel(org),
    hint: org.username,
    url: safeUrl(org.link),
    about: [org.owner, org.edition, org.status].filter(Boolean).join(" · "),
    days,
    ends: days === null ? "" : endsIn(days)
  };
}
