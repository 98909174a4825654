/**
 * The changes that are loaded: the newest first page, older ones by cursor, new ones by their position.
 *
 * `rows` is a new list after each change of it. A filter that changes while an answer is under way wins: the late
 * answer is dropped.
 */
import { merged, rowOf } from "c/scratcherChange";

const PAGES_A_TURN = 10;
const GAPS_STAY_MILLISECONDS = 60000;
const NO_LONGER_KEPT = new Set(["position_expired", "cursor_expired"]);

/** What a gap is known by. */
export function gapKey({ org, from, to, reason }) {
  return `${org.org_id} ${from} ${to} ${reason}`;
}

export class Feed {
  rows = [];
  /** Of all that is loaded, each once, the newest first. */
  gaps = [];
  filters = {};
  _next = null;
  _latest = 0;
  _turn = 0;
  _gapsReadAt = 0;

  /** `doors`: {newest(filters, pageSize, cursor), after(filters, pageSize, position)}, answering as the service does. */
  constructor(doors, { pageSize, mostRows }) {
    this._doors = doors;
    this._pageSize = pageSize;
    this._mostRows = mostRows;
  }

  get isFull() {
    return this.rows.length >= this._mostRows;
  }

  get hasMore() {
    return Boolean(this._next) && !this.isFull;
  }

  /** The newest page of what fits `filters`; what was loaded goes once it is here. */
  async open(filters) {
    this._turn += 1;
    const turn = this._turn;
    const page = await this._doors.newest(filters, this._pageSize, null);
    if (turn === this._turn) {
      this._turn += 1; // what was asked for meanwhile was asked with the filters before
      this.filters = filters;
      this._latest = page.latest;
      this._gapsReadAt = Date.now();
      this._take(page, [], []);
    }
  }

  /** One page of older changes. */
  async more() {
    const turn = this._turn;
    const page = await this._doors.newest(this.filters, this._pageSize, this._next);
    if (turn === this._turn) {
      this._take(page, this.rows, this.gaps);
    }
  }

  /** The newest gaps, which no answer to `follow` tells: asked for once a minute at most. The rows stay as they are. */
  async lookForGaps() {
    if (Date.now() - this._gapsReadAt < GAPS_STAY_MILLISECONDS) {
      return;
    }
    const turn = this._turn;
    this._gapsReadAt = Date.now();
    const page = await this._doors.newest(this.filters, this._pageSize, null);
    if (turn === this._turn) {
      this.gaps = joined(this.gaps, page.gaps);
    }
  }

  /** What is new since the last answer; returns how many changes that were. */
  async follow() {
    const turn = this._turn;
    let count = 0;
    for (let page = 0; page < PAGES_A_TURN; page += 1) {
      // eslint-disable-next-line no-await-in-loop -- each page begins where the last one ended
      const answer = await this._new(turn);
      if (turn !== this._turn || answer === null) {
        return count;
      }
      this._latest = answer.latest;
      if (answer.changes.length > 0) {
        this.rows = merged(
          this.rows,
          answer.changes.map((change) => rowOf(change, true)),
          this._mostRows
        );
        count += answer.changes.length;
      }
      if (!answer.more) {
        return count;
      }
    }
    return count;
  }

  /** Null after the feed had to be opened anew: the service was restored from a backup, or keeps no history so old. */
  async _new(turn) {
    const after = this._latest;
    try {
      const answer = await this._doors.after(this.filters, this._pageSize, after);
      if (answer.latest >= after) {
        return answer;
      }
    } catch (error) {
      if (!NO_LONGER_KEPT.has(error.code)) {
        throw error;
      }
    }
    if (turn === this._turn) {
      await this.open(this.filters);
    }
    return null;
  }

  _take(page, rows, gaps) {
    this.rows = merged(
      rows,
      page.changes.map((change) => rowOf(change)),
      this._mostRows
    );
    this.gaps = joined(gaps, page.gaps);
    this._next = page.next;
  }
}

/** The same list where nothing is new. */
function joined(gaps, others = []) {
  const all = new Map([...gaps, ...others].map((gap) => [gapKey(gap), gap]));
  return all.size === gaps.length ? gaps : [...all.values()].sort((one, other) => (one.to < other.to ? 1 : -1));
}
