/**
 * Says when to look for news: at each platform event where the streaming API is to be had, and every now and then
 * anyway, since an event is only a nudge; every `seconds` where it is not. Sleeps while the tab is hidden.
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

  /**
   * `look`: called, never twice at a time; it never fails, and may answer for how many seconds to leave it alone.
   * `told`: called with "events" or "polling".
   */
  constructor({ look, told, seconds }) {
    this._look = look;
    this._told = told;
    this._seconds = seconds;
    this._seen = () => !document.hidden && this.nudge();
  }

  async start(wantsEvents) {
    document.addEventListener("visibilitychange", this._seen);
    const hasEvents = wantsEvents && (await this._subscribe());
    if (!this._stopped) {
      this._pace(hasEvents);
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
        return false;
      }
      onError(() => this._pace(false));
      this._subscription = await subscribe(CHANNEL, NEW_EVENTS_ONLY, () => this.nudge());
    } catch {
      return false; // no streaming for this user or page: polling shows the same, a little later
    }
    if (this._stopped) {
      unsubscribe(this._subscription, () => {});
    }
    return true;
  }

  _pace(hasEvents) {
    this._told(hasEvents ? "events" : "polling");
    this._pause = this._seconds * 1000 * (hasEvents ? SAFETY_FACTOR : 1);
    this._wait(this._pause);
  }

  /** Looks soon: there is news, or somebody asks for it. */
  nudge() {
    if (this._running) {
      this._again = true;
    } else {
      this._wait(GATHER_MILLISECONDS);
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
    }
    this._wait(Math.max(this._again ? GATHER_MILLISECONDS : this._pause, atLeastSeconds * 1000));
  }
}
