/** What the page says, and what its filters offer, made from what is loaded. */

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

/** All types seen so far. */
export function typesIn(rows, known) {
  return union(
    rows.map((row) => row.type),
    known.length ? known : COMMON_TYPES
  );
}

/** All people seen so far. */
export function namesIn(rows, known) {
  return union(
    rows.map((row) => row.person),
    known
  );
}

/** The same list where nothing is new, so that nothing is rendered again. */
function union(values, known) {
  const all = new Set([...known, ...values]);
  return all.size === known.length ? known : [...all].sort((one, other) => one.localeCompare(other));
}

export function gapsOf(gaps) {
  return gaps.map((gap) => ({ key: `${gap.org.org_id} ${gap.from} ${gap.reason}`, message: gap.message }));
}

export function newsOf(count) {
  return count === 1 ? "1 new change" : `${count} new changes`;
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
