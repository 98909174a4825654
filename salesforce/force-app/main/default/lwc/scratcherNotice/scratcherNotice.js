import { LightningElement, api } from "lwc";

const ICONS = {
  error: "utility:error",
  warning: "utility:warning",
  info: "utility:info",
  empty: "utility:open_folder"
};

/** What happened and what to do, as a banner or as a whole page; `act` is fired by its button. */
export default class ScratcherNotice extends LightningElement {
  /** error, warning, info or empty */
  @api kind = "info";
  /** banner or page */
  @api look = "banner";
  @api heading;
  @api action;
  /** No label, no button. */
  @api buttonLabel;

  get isPage() {
    return this.look === "page";
  }

  get icon() {
    return ICONS[this.kind];
  }

  get iconSize() {
    return this.isPage ? "large" : "small";
  }

  get iconVariant() {
    return this.kind === "error" || this.kind === "warning" ? this.kind : undefined;
  }

  get iconClass() {
    return this.isPage ? "" : "slds-no-flex";
  }

  get role() {
    return this.kind === "error" ? "alert" : "status";
  }

  get boxClass() {
    return `${this.look} ${this.kind}`;
  }

  get headingClass() {
    return this.isPage ? "slds-text-heading_medium" : "slds-text-title_bold";
  }

  get actionClass() {
    return this.isPage ? "slds-m-top_x-small slds-text-color_weak" : "slds-text-body_small";
  }

  get buttonVariant() {
    return this.isPage ? "brand" : "neutral";
  }

  handleClick() {
    this.dispatchEvent(new CustomEvent("act"));
  }
}
