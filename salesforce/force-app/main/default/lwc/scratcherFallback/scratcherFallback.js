import { LightningElement } from "lwc";
import { localOrgs } from "c/scratcherApex";
import { orgLabel, safeUrl } from "c/scratcherChange";
import { daysUntil, inDays } from "c/scratcherTime";

/** What the DevHub itself knows of its scratch orgs: shown while the service is away. */
export default class ScratcherFallback extends LightningElement {
  orgs;
  error;
  isLoading = false;

  connectedCallback() {
    this.load();
  }

  async load() {
    this.isLoading = true;
    this.error = undefined;
    try {
      this.orgs = (await localOrgs()).map(described);
    } catch (error) {
      this.error = error;
    } finally {
      this.isLoading = false;
    }
  }

  get isEmpty() {
    return this.orgs?.length === 0;
  }
}

function described(org) {
  const days = daysUntil(org.expiration_date);
  return {
    id: org.org_id,
    label: orgLabel(org),
    hint: org.username,
    url: safeUrl(org.link),
    about: [org.owner, org.edition, org.status].filter(Boolean).join(" · "),
    ends: days === null ? "" : `${days < 0 ? "ended" : "ends"} ${inDays(days)}`
  };
}
