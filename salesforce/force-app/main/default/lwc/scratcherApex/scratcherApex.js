/**
 * The Apex methods, called as they are needed, with errors in words (c/scratcherError). None is wired: a wire hears
 * neither of an error that a refresh meets nor, once it had an error, of anything after.
 */
import getChanges from "@salesforce/apex/ScratcherExternalService.getChanges";
import getChangesAfter from "@salesforce/apex/ScratcherExternalService.getChangesAfter";
import getCoverage from "@salesforce/apex/ScratcherExternalService.getCoverage";
import getOperation from "@salesforce/apex/ScratcherExternalService.getOperation";
import getOrgs from "@salesforce/apex/ScratcherExternalService.getOrgs";
import getOverlaps from "@salesforce/apex/ScratcherExternalService.getOverlaps";
import getSettings from "@salesforce/apex/ScratcherExternalService.getSettings";
import pollAllOrgs from "@salesforce/apex/ScratcherExternalService.pollAll";
import getLocalOrgs from "@salesforce/apex/Scratcher.getLocalOrgs";
import isDevHub from "@salesforce/apex/Scratcher.isDevHub";
import { explain } from "c/scratcherError";

const ORGS_A_PAGE = 200;
const MOST_ORG_PAGES = 5;

async function inWords(call) {
  try {
    return await call;
  } catch (error) {
    throw explain(error);
  }
}

/** The settings that the page needs, until ScratcherSettings, the Apex class, has answered. */
export const DEFAULTS = {
  pageSize: 100,
  mostRows: 500,
  refreshSeconds: 30,
  overlapDays: 14,
  expiryWarningDays: 3,
  live: true,
  pollNow: true,
  localFallback: true
};

export const settings = async () => ({ ...DEFAULTS, ...(await inWords(getSettings())) });
export const devHub = () => inWords(isDevHub());

/** {orgs, more}: those of the DevHub's own list that end first, at most 1,000. */
export const localOrgs = () => inWords(getLocalOrgs());

/** What c/scratcherFeed reads through. */
export const changes = {
  newest: (filters, pageSize, cursor) => inWords(getChanges({ filters, pageSize, cursor })),
  after: (filters, pageSize, after) => inWords(getChangesAfter({ filters, pageSize, after }))
};

export const coverage = async () => (await inWords(getCoverage())).coverage;

/** {overlaps, next} of the last `days`, at most `pageSize`. */
export const overlaps = (days, pageSize) => inWords(getOverlaps({ days, pageSize, cursor: null }));

/** {orgs, more}: the orgs that were found last, at most 1,000. */
export async function orgs() {
  const found = [];
  let cursor = null;
  for (let page = 0; page < MOST_ORG_PAGES; page += 1) {
    // eslint-disable-next-line no-await-in-loop -- each page says where the next one begins
    const answer = await inWords(getOrgs({ pageSize: ORGS_A_PAGE, cursor }));
    found.push(...answer.orgs);
    cursor = answer.next;
    if (!cursor) {
      break;
    }
  }
  return { orgs: found, more: Boolean(cursor) };
}

export const pollAll = async () => (await inWords(pollAllOrgs())).operation;
export const operation = async (operationId) => (await inWords(getOperation({ operationId }))).operation;
