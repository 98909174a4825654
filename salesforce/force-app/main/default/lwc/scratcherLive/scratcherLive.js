/**
 * Says when to look for news: every `seconds`, and at each platform event. Once events come, more rarely by itself: an
 * event is only a nudge, and one may be lost. A channel that can be heard proves nothing: perhaps nobody publishes.
 * Sleeps while the tab is hidden.
 */
import { isEmpEnabled, onError, subscribe, unsubscribe } from "lightning/empApi";
import { forget, later } from "c/scratcherTimer";

const CHANNEL = "/event/Scratcher_Change__e";
const NEW_EVENTS_ONLY = -1;
const GATHER_MILLISECONDS = 300; // a sweep publishes one event for each org, all at once
const SAFETY_FACTOR = 6;

export class Live {
  _timer = null;
  _subscription = null;
  _running = false;
  _again = false;
  _stopped = false;
  _hears = false;
  _announced = false;
  _notBefore = 0;

  /**
   * `look`: called, never twice at a time; it never fails, and may answer for how many seconds to leave it alone.
   * `told`: called with "events" or "polling".
   */
  constructor({ look, told, seconds }) {
    this._look = look;
    this._told = told;
    this._seconds = seconds;
    this._seen = () => !document.hidden && this.nudge();
    this._pause = seconds * 1000;
  }

  async start(wantsEvents) {
    document.addEventListener("visibilitychange", this._seen);
    this._pace(false);
    if (wantsEvents) {
      await this._subscribe();
    }
  }

  stop() {
    this._stopped = true;
    forget(this._timer);
    document.removeEventListener("visibilitychange", this._seen);
    if (this._subscription) {
      unsubscribe(this._subscription, () => {});
    }
  }

  async _subscribe() {
    try {
      if (!(await isEmpEnabled())) {
        return;
      }
      onError((error) => concernsUs(error) && this._pace(false)); // the next event tells that ours is well again
      this._subscription = await subscribe(CHANNEL, NEW_EVENTS_ONLY, () => this._hear());
    } catch {
      return; // no streaming for this user or page: polling shows the same, a little later
    }
    if (this._stopped) {
      unsubscribe(this._subscription, () => {});
    }
  }

  _hear() {
    this._announced = true;
    if (!this._hears) {
      this._pace(true);
    }
    this.nudge();
  }

  _pace(hears) {
    if (this._stopped) {
      return;
    }
    this._hears = hears;
    this._told(hears ? "events" : "polling");
    this._pause = this._seconds * 1000 * (hears ? SAFETY_FACTOR : 1);
    if (!this._running) {
      this._wait(Math.max(this._pause, this._notBefore - Date.now()));
    }
  }

  /** A look found news. Where no event had told of it, nobody publishes any more. */
  found() {
    if (this._hears && !this._announced) {
      this._pace(false);
    }
  }

  /** Looks soon: there is news. `now`: somebody asks for it, whatever the service said. */
  nudge(now = false) {
    this._notBefore = now ? 0 : this._notBefore;
    if (this._running) {
      this._again = true;
    } else {
      this._wait(Math.max(GATHER_MILLISECONDS, this._notBefore - Date.now()));
    }
  }

  _wait(milliseconds) {
    forget(this._timer);
    if (!this._stopped) {
      this._timer = later(() => this._run(), milliseconds);
    }
  }

  async _run() {
    let atLeastSeconds = 0;
    if (!document.hidden) {
      this._running = true;
      this._again = false;
      atLeastSeconds = (await this._look()) ?? 0;
      this._running = false;
      this._announced = this._again;
      this._notBefore = Date.now() + atLeastSeconds * 1000;
    }
    this._wait(Math.max(this._again ? GATHER_MILLISECONDS : this._pause, atLeastSeconds * 1000));
  }
}

/** Errors of every channel that somebody on the page hears arrive. Those of the connection itself (/meta/…) are ours. */
function concernsUs(error) {
  const named = [error?.subscription ?? error?.channel ?? []].flat();
  return named.length === 0 || named.some((channel) => channel === CHANNEL || !/^\/(?!meta\/)/.test(channel));
}
