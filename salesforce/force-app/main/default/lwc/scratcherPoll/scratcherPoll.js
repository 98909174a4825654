import { LightningElement, api } from "lwc";
import { operation, pollAll } from "c/scratcherApex";
import { forget, later } from "c/scratcherTimer";

const LOOK_MILLISECONDS = 1000;
const STAY_MILLISECONDS = 10000;

/**
 * Polls all orgs now and shows how far that is. Fires `polled` when it is over, and `failed` with the error in words.
 */
export default class ScratcherPoll extends LightningElement {
  @api isNarrow = false;
  isBusy = false;
  percent = 0;
  said = "";
  isTrouble = false;
  _timer = null;
  _isGone = false;

  connectedCallback() {
    this._isGone = false;
  }

  disconnectedCallback() {
    this._isGone = true;
    forget(this._timer);
  }

  get label() {
    return this.isBusy ? "Polling…" : "Poll now";
  }

  get pollClass() {
    return this.isNarrow ? "poll narrow" : "poll";
  }

  get progressClass() {
    return this.said ? "progress shown" : "progress";
  }

  get saidClass() {
    return `slds-text-body_small ${this.isTrouble ? "slds-text-color_error" : "slds-text-color_weak"}`;
  }

  async handlePoll() {
    forget(this._timer); // it would take away what the poll before said
    this.isBusy = true;
    this.percent = 0;
    this._say("Asking for a poll of all orgs");
    await this._follow(pollAll());
  }

  /** Shows the operation, and asks again in a second while it runs. */
  async _follow(asked) {
    try {
      const { id, status, progress } = await asked;
      if (this._isGone) {
        return;
      }
      this.percent = progress.total ? Math.round((100 * progress.current) / progress.total) : 0;
      this._say(progress.message || "The poll begins", status === "failed");
      if (status === "running") {
        this._timer = later(() => this._follow(operation(id)), LOOK_MILLISECONDS);
      } else {
        this._end("polled");
      }
    } catch (error) {
      if (this._isGone) {
        return;
      }
      this._say("The poll could not be followed", true);
      this._end("failed", error);
    }
  }

  _say(words, isTrouble = false) {
    this.said = words;
    this.isTrouble = isTrouble;
  }

  _end(event, detail) {
    this.isBusy = false;
    forget(this._timer);
    this._timer = later(() => this._say(""), STAY_MILLISECONDS);
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }
}
