import { LightningElement, api } from "lwc";
import { exact, relative } from "c/scratcherTime";
import { everyTick } from "c/scratcherTimer";

/** A time: relative, and kept so; exact on hover. */
export default class ScratcherWhen extends LightningElement {
  /** ISO 8601. */
  @api at;
  /** It came in while the page was open. */
  @api fresh = false;
  now = Date.now();

  connectedCallback() {
    this._end = everyTick(() => {
      this.now = Date.now();
    });
  }

  disconnectedCallback() {
    this._end();
  }

  get relative() {
    return relative(this.at, this.now);
  }

  get exact() {
    return exact(this.at);
  }
}
