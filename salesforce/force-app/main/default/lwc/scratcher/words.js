/** What the page says, and what its filters offer, made from what is loaded. */
import { orgLabel } from "c/scratcherChange";
import { gapKey } from "c/scratcherFeed";

// Offered before any was seen, so that a filter can ask the service for it.
const COMMON_TYPES = [
  "ApexClass",
  "ApexTrigger",
  "CustomField",
  "CustomObject",
  "Flow",
  "Layout",
  "LightningComponentBundle",
  "PermissionSet",
  "Profile"
];

/** What c/scratcherFilters offers before anything is loaded. */
export const NO_OFFERS = { orgs: [], types: COMMON_TYPES, people: [], orgsHelp: undefined };

/** With all types and people of `rows`, too; the same offers where none is new. */
export function withSeen(offers, rows) {
  const types = union(
    rows.map((row) => row.type),
    offers.types
  );
  const people = union(
    rows.map((row) => row.person),
    offers.people
  );
  return types === offers.types && people === offers.people ? offers : { ...offers, types, people };
}

/** With these orgs instead, of which there may be `more`; the same offers where they are the same. */
export function withOrgs(offers, orgs, more) {
  const choices = orgs.map((org) => ({ value: org.org_id, label: `${orgLabel(org)} · ${org.username}` }));
  const orgsHelp = more ? `Only the ${orgs.length.toLocaleString("en")} orgs that were found last.` : undefined;
  const next = { ...offers, orgs: choices, orgsHelp };
  return JSON.stringify(next) === JSON.stringify(offers) ? offers : next;
}

/** The same list where nothing is new, so that nothing is rendered again. */
function union(values, known) {
  const all = new Set([...known, ...values]);
  return all.size === known.length ? known : [...all].sort((one, other) => one.localeCompare(other));
}

export function gapsOf(gaps) {
  return gaps.map((gap) => ({ key: gapKey(gap), message: gap.message }));
}

export function newsOf(count) {
  return count === 1 ? "1 new change" : `${count} new changes`;
}

/** Whether the page is live: {label, hint, dot}. */
export function liveWords(error, by, seconds) {
  if (error) {
    return { label: "Not live", hint: "Tried again by itself", dot: "dot" };
  }
  return by === "events"
    ? { label: "Live", hint: "Changes appear as they are found", dot: "dot on" }
    : { label: `Every ${seconds} s`, hint: "Looked for by itself, again and again", dot: "dot on" };
}

/** What to do, when it is tried again by itself, and what is still shown. */
export function errorActionOf(error, hasRows) {
  const wait = error.retryAfterSeconds ? "This page does so by itself." : "";
  const still = hasRows ? "What you see below is as it was before." : "";
  return [error.action, wait, still].filter(Boolean).join(" ");
}

const MEND_SECONDS = 60; // a wrong key or a missing permission is not mended sooner, and wrong keys are counted

/** For how many seconds an error says to leave the service alone. */
export function pauseAfter(error) {
  if (!error) {
    return 0;
  }
  return error.retryAfterSeconds ?? (error.serviceAway ? 0 : MEND_SECONDS);
}
