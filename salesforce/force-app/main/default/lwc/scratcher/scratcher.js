import { LightningElement } from "lwc";
import { changes, devHub, orgs, settings } from "c/scratcherApex";
import { orgLabel, searched } from "c/scratcherChange";
import { Feed } from "c/scratcherFeed";
import { Live } from "c/scratcherLive";
import { errorActionOf, gapsOf, namesIn, newsOf, pauseAfter, typesIn } from "./words";

/** Until ScratcherSettings, the Apex class, has answered. */
const DEFAULTS = {
  pageSize: 100,
  mostRows: 500,
  refreshSeconds: 30,
  overlapDays: 14,
  expiryWarningDays: 3,
  live: true,
  pollNow: true,
  localFallback: true
};
const NARROW_PIXELS = 640;
const TABLE_PIXELS = 1040;
const ORGS_STAY_MILLISECONDS = 300000;
const AROUND_STAYS_MILLISECONDS = 60000; // coverage and dangers, where no news comes
const PHASE = { LOADING: "loading", READY: "ready", FAILED: "failed", NO_DEV_HUB: "no dev hub" };

/** All changes of all scratch orgs, live, with what is in danger on top. */
export default class Scratcher extends LightningElement {
  settings = DEFAULTS;
  phase = PHASE.LOADING;
  error;
  rows = [];
  /** Those of the rows in which the search is found. */
  found = [];
  gaps = [];
  hasMore = false;
  isFull = false;
  isFiltering = false;
  isLoadingMore = false;
  isLooking = false;
  isNarrow = false;
  isList = false;
  orgs;
  // New lists only where they differ: a filter that is open would lose its place.
  orgChoices = [];
  types = [];
  people = [];
  filters = {};
  text = "";
  coverage;
  liveBy = "";
  news = "";
  devHubNotice = "";
  _feed;
  _live;
  _width;
  _turn = 0; // of being on a page
  _orgsReadAt = 0;
  _aroundReadAt = 0;

  connectedCallback() {
    this._width = new ResizeObserver(([{ contentRect }]) => {
      this.isNarrow = contentRect.width > 0 && contentRect.width < NARROW_PIXELS;
      this.isList = contentRect.width > 0 && contentRect.width < TABLE_PIXELS;
    });
    this._width.observe(this.template.host);
    this._begin();
  }

  disconnectedCallback() {
    this._width.disconnect();
    this._live?.stop();
    this._turn += 1;
  }

  async _begin() {
    const turn = this._turn;
    await this._look();
    if (this.phase !== PHASE.NO_DEV_HUB && turn === this._turn) {
      const told = (by) => {
        this.liveBy = by;
      };
      this._live = new Live({ look: () => this._look(), told, seconds: this.settings.refreshSeconds });
      this._live.start(this.settings.live);
    }
  }

  /** Opens the feed, or looks for what is new in it; never fails. Returns for how many seconds to leave it alone. */
  async _look() {
    this.isLooking = true;
    try {
      await (this.phase === PHASE.READY ? this._follow() : this._open());
      this._recover();
      if (Date.now() - this._aroundReadAt > AROUND_STAYS_MILLISECONDS) {
        this._refreshAround();
      }
    } catch (error) {
      this.error = error;
      this.phase = this.phase === PHASE.LOADING ? PHASE.FAILED : this.phase;
    }
    this.isLooking = false;
    return pauseAfter(this.error);
  }

  async _open() {
    const [chosen, hub] = await Promise.all([settings(), devHub()]);
    this.settings = { ...DEFAULTS, ...chosen };
    if (!hub.isDevHub) {
      this.devHubNotice = hub.reason;
      this.phase = PHASE.NO_DEV_HUB;
      return;
    }
    this._feed = new Feed(changes, this.settings);
    await this._feed.open(this.filters);
    this._show();
    this.phase = PHASE.READY;
    this._aroundReadAt = Date.now(); // by the children themselves, as they appear
    this._readOrgs();
  }

  async _follow() {
    if (this._feed.filters !== this.filters && !this.isFiltering) {
      await this._feed.open(this.filters); // the answer to the filter that was chosen did not come
      this._show();
      return;
    }
    const count = await this._feed.follow();
    this._show();
    if (count > 0) {
      this._live?.found();
      this.news = newsOf(count);
      this._refreshAround();
    }
  }

  /** What the feed holds now. */
  _show() {
    const { rows, gaps, hasMore, isFull } = this._feed;
    Object.assign(this, { rows, hasMore, isFull, gaps: gapsOf(gaps) });
    this.found = searched(rows, this.text);
    this.types = typesIn(rows, this.types);
    this.people = namesIn(rows, this.people);
  }

  _recover() {
    if (this.error) {
      this.error = undefined;
      this._refreshAround();
    }
  }

  _refreshAround() {
    this._aroundReadAt = Date.now();
    this.template.querySelector("c-scratcher-coverage")?.refresh();
    this.template.querySelector("c-scratcher-dangers")?.refresh();
    if (Date.now() - this._orgsReadAt > ORGS_STAY_MILLISECONDS) {
      this._readOrgs();
    }
  }

  async _readOrgs() {
    this._orgsReadAt = Date.now();
    try {
      this.orgs = await orgs();
      this.orgChoices = this.orgs.map((org) => ({ value: org.org_id, label: `${orgLabel(org)} · ${org.username}` }));
    } catch (error) {
      this.error = error;
    }
  }

  get isLoading() {
    return this.phase === PHASE.LOADING;
  }

  get isReady() {
    return this.phase === PHASE.READY;
  }

  get isAway() {
    return Boolean(this.error?.serviceAway);
  }

  get showsFallback() {
    return this.isAway && this.settings.localFallback;
  }

  get canPoll() {
    return this.isReady && this.settings.pollNow;
  }

  get pollClass() {
    return this.isNarrow ? "row" : "";
  }

  get hasNoOrgs() {
    return this.coverage?.active === 0 && this.rows.length === 0 && !this._isNarrowed;
  }

  get errorKind() {
    return this.isAway ? "warning" : "error";
  }

  get errorLook() {
    return this.isReady || this.isAway ? "banner" : "page";
  }

  get errorAction() {
    return errorActionOf(this.error, this.isReady);
  }

  get retryLabel() {
    return this.isLooking ? "Trying…" : "Try again";
  }

  get liveLabel() {
    if (this.error) {
      return "Not live";
    }
    return this.liveBy === "events" ? "Live" : `Every ${this.settings.refreshSeconds} s`;
  }

  get liveHint() {
    return this.liveBy === "events" ? "Changes appear as they are found" : "Looked for by itself, again and again";
  }

  get liveDot() {
    return this.error ? "dot" : "dot on";
  }

  get _isNarrowed() {
    return Object.keys(this.filters).length > 0;
  }

  get emptyHeading() {
    if (this.found.length > 0) {
      return "";
    }
    return this._isNarrowed || this.text ? "No change fits" : "No changes yet";
  }

  get emptyAction() {
    if (this._isNarrowed || this.text) {
      return "Take filters away, or search for something else.";
    }
    return "They appear here as soon as somebody edits something in a watched org.";
  }

  get emptyButton() {
    return this._isNarrowed || this.text ? "Clear filters" : undefined;
  }

  get hasGaps() {
    return this.gaps.length > 0;
  }

  get gapHeading() {
    return this.gaps.length === 1 ? "1 span was not watched" : `${this.gaps.length} spans were not watched`;
  }

  handleCovered({ detail }) {
    this.coverage = detail;
  }

  handleFailed({ detail }) {
    this.error = detail;
  }

  handleSearch({ detail }) {
    this.text = detail;
    this.found = searched(this.rows, detail);
  }

  handleClear() {
    this.template.querySelector("c-scratcher-filters").clear();
  }

  async handleFilter({ detail }) {
    this.filters = detail;
    this.isFiltering = true;
    await this._load(() => this._feed.open(detail));
    this.isFiltering = false;
  }

  async handleMore() {
    this.isLoadingMore = true;
    await this._load(() => this._feed.more());
    this.isLoadingMore = false;
  }

  handlePolled() {
    this._live.nudge(true);
    this._refreshAround();
    this._readOrgs();
  }

  handleRetry() {
    this._live.nudge(true);
  }

  async _load(step) {
    try {
      await step();
      this._show();
    } catch (error) {
      this.error = error;
    }
  }
}
