/** Changes as rows: made from the service's answers, merged, sorted and searched. Nothing here changes what it gets. */
const KINDS = {
  NEW: { label: "New", theme: "slds-badge slds-theme_success" },
  CHANGE: { label: "Changed", theme: "slds-badge" },
  DELETE: { label: "Deleted", theme: "slds-badge slds-theme_error" }
};

/** The kinds as choices for a combobox. */
export const KIND_CHOICES = Object.entries(KINDS).map(([value, { label }]) => ({ value, label }));

/** What people call an org: its alias, else its name, else its username. */
export function orgLabel(org) {
  return org.alias || org.name || org.username;
}

/** What people call a person; until the service knows the name, the id stands for it. */
export function personLabel(person) {
  return person.name || person.username || person.id;
}

/** The address of an org if it can be opened safely; else undefined, and there is no link. */
export function safeUrl(url) {
  return /^https:\/\//i.test(url ?? "") ? url : undefined;
}

/** `fresh`: it came in while the page was open. */
export function rowOf(change, fresh = false) {
  const { org, changed_by: person } = change;
  return {
    id: String(change.id),
    position: change.id,
    orgId: org.org_id,
    org: orgLabel(org),
    orgUrl: safeUrl(org.url),
    orgHint: `${orgLabel(org)} (${org.username}), opens in a new tab`,
    type: change.member_type,
    name: change.member_name,
    kind: change.change_type,
    kindLabel: KINDS[change.change_type]?.label ?? change.change_type,
    kindTheme: KINDS[change.change_type]?.theme ?? "slds-badge",
    person: personLabel(person),
    personHint: person.username ?? person.id,
    at: change.last_modified_date,
    fresh
  };
}

/** Both, each change once, the latest edit first, at most `most`. */
export function merged(rows, others, most) {
  const known = new Set(rows.map((row) => row.id));
  const all = [...rows, ...others.filter((row) => !known.has(row.id))];
  return all.sort((one, other) => compare(other.at, one.at) || other.position - one.position).slice(0, most);
}

/** By one column; rows alike in it stay the latest first. */
export function sorted(rows, column, direction) {
  const sign = direction === "asc" ? 1 : -1;
  return [...rows].sort((one, other) => sign * compare(one[column], other[column]) || compare(other.at, one.at));
}

/** The rows in which every word of `text` stands somewhere, in any case. */
export function searched(rows, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return rows;
  }
  return rows.filter((row) => {
    const hay = `${row.name}\n${row.type}\n${row.org}\n${row.person}`.toLowerCase();
    return words.every((word) => hay.includes(word));
  });
}

function compare(one, other) {
  const [first, second] = [String(one).toLowerCase(), String(other).toLowerCase()];
  if (first === second) {
    return 0;
  }
  return first < second ? -1 : 1;
}
