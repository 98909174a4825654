import { LightningElement } from "lwc";
import { DEFAULTS, changes, devHub, orgs, settings } from "c/scratcherApex";
import { searched } from "c/scratcherChange";
import { Feed } from "c/scratcherFeed";
import { Live } from "c/scratcherLive";
import { NO_OFFERS, errorActionOf, gapsOf, liveWords, newsOf, pauseAfter, withOrgs, withSeen } from "./words";

const NARROW_PIXELS = 640;
const TABLE_PIXELS = 1040;
const ORGS_STAY_MILLISECONDS = 300000;
const AROUND_STAYS_MILLISECONDS = 60000; // coverage, dangers and gaps, where no news comes
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
  offers = NO_OFFERS;
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
  _aroundNotBefore = 0; // as an answer asked for it

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
    let failure;
    this.isLooking = true;
    try {
      const count = await (this.phase === PHASE.READY ? this._follow() : this._open());
      this._settle(count > 0);
    } catch (error) {
      failure = error;
      this.error = error;
      this.phase = this.phase === PHASE.LOADING ? PHASE.FAILED : this.phase;
    }
    this.isLooking = false;
    return pauseAfter(failure);
  }

  async _open() {
    const [chosen, hub] = await Promise.all([settings(), devHub()]);
    this.settings = chosen;
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

  /** Returns how many changes are new. */
  async _follow() {
    this.news = ""; // the same words twice would be read out once
    if (this._feed.filters !== this.filters && !this.isFiltering) {
      await this._feed.open(this.filters); // the answer to the filter that was chosen did not come
      this._show();
      return 0;
    }
    const count = await this._feed.follow();
    this._show();
    if (count > 0) {
      this._live?.found();
      this.news = newsOf(count);
    }
    return count;
  }

  /** What the feed holds now. */
  _show() {
    const { rows, gaps, hasMore, isFull } = this._feed;
    if (rows !== this.rows) {
      this.found = searched(rows, this.text); // a new list, which the table renders anew
    }
    Object.assign(this, { rows, hasMore, isFull, gaps: gapsOf(gaps) });
    this.offers = withSeen(this.offers, rows);
  }

  /** The feed is well. An error goes once all else is, too: it would come and go, and be read out each time. */
  async _settle(hasNews) {
    if (Date.now() < this._aroundNotBefore) {
      return;
    }
    const { error } = this;
    const isOld = Date.now() - this._aroundReadAt > AROUND_STAYS_MILLISECONDS;
    if (this.isReady && (hasNews || error || isOld)) {
      await this._refreshAround();
    }
    if (error && this.error === error) {
      this.error = undefined;
    }
  }

  /** What stands around the feed; never fails: errors are shown. */
  async _refreshAround() {
    this._aroundReadAt = Date.now();
    await Promise.all([
      this.template.querySelector("c-scratcher-coverage")?.refresh(),
      this.template.querySelector("c-scratcher-dangers")?.refresh(),
      this._load(() => this._feed.lookForGaps()),
      Date.now() - this._orgsReadAt > ORGS_STAY_MILLISECONDS && this._readOrgs()
    ]);
  }

  async _readOrgs() {
    this._orgsReadAt = Date.now();
    try {
      const { orgs: found, more } = await orgs();
      this.orgs = found;
      this.offers = withOrgs(this.offers, found, more);
    } catch (error) {
      this._orgsReadAt = 0; // again as soon as the service is well
      this._fail(error);
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

  get live() {
    return liveWords(this.error, this.liveBy, this.settings.refreshSeconds);
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

  get gapHeading() {
    return this.gaps.length === 1 ? "1 span was not watched" : `${this.gaps.length} spans were not watched`;
  }

  handleCovered({ detail }) {
    this.coverage = detail;
  }

  handleFailed({ detail }) {
    this._fail(detail);
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
    this.isFiltering = this.filters !== detail; // another was chosen meanwhile
  }

  async handleMore() {
    this.isLoadingMore = true;
    await this._load(() => this._feed.more());
    this.isLoadingMore = false;
  }

  handlePolled() {
    this.handleRetry();
    this._orgsReadAt = 0;
    this._refreshAround();
  }

  handleRetry() {
    this._aroundNotBefore = 0;
    this._live.nudge(true);
  }

  async _load(step) {
    try {
      await step();
      this._show();
    } catch (error) {
      this._fail(error);
    }
  }

  _fail(error) {
    this.error = error;
    this._aroundNotBefore = Date.now() + (error.retryAfterSeconds ?? 0) * 1000;
  }
}
