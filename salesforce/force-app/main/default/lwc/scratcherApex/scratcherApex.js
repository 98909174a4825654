/**
 * The Apex methods that are called as they are needed, with errors in words (c/scratcherError). Those that a component
 * keeps on the page (coverage, overlaps) are wired there.
 */
import getChanges from "@salesforce/apex/ScratcherExternalService.getChanges";
import getChangesAfter from "@salesforce/apex/ScratcherExternalService.getChangesAfter";
import getOperation from "@salesforce/apex/ScratcherExternalService.getOperation";
import getOrgs from "@salesforce/apex/ScratcherExternalService.getOrgs";
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

export const settings = () => inWords(getSettings());
export const devHub = () => inWords(isDevHub());
export const localOrgs = async () => (await inWords(getLocalOrgs())).orgs;

/** What c/scratcherFeed reads through. */
export const changes = {
  newest: (filters, pageSize, cursor) => inWords(getChanges({ filters, pageSize, cursor })),
  after: (filters, pageSize, after) => inWords(getChangesAfter({ filters, pageSize, after }))
};

/** The newest 1,000 orgs. */
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
  return found;
}

export const pollAll = async () => (await inWords(pollAllOrgs())).operation;
export const operation = async (operationId) => (await inWords(getOperation({ operationId }))).operation;
