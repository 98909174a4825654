/** What the service answers, for tests; each takes what is to differ. */

function org(differs = {}) {
  return {
    org_id: "00D9A0000008kXxUAI",
    name: "Billing",
    alias: "billing-refunds",
    username: "test-k3jd8s@example.com",
    url: "https://fun-otter-1234.scratch.my.salesforce.com",
    ...differs
  };
}

function watchedOrg(differs = {}) {
  return {
    ...org(),
    status: "Active",
    owner: { name: "Ana Ruiz", username: "ana@example.com" },
    expiration_date: "2026-12-24",
    changes_total: 4,
    ...differs
  };
}

function person(differs = {}) {
  return { id: "0059A000004TgXyQAK", username: "test-k3jd8s@example.com", name: "Ana Ruiz", ...differs };
}

function change(differs = {}) {
  return {
    id: 1,
    org: org(),
    change_id: "0MZ9A0000004D2zWAE",
    member_type: "ApexClass",
    member_name: "RefundService",
    change_type: "CHANGE",
    revision_num: 117,
    changed_by: person(),
    last_modified_date: "2026-11-21T09:28:11Z",
    seen_at: "2026-11-21T09:30:02.104512Z",
    is_bulk: false,
    batch_id: null,
    ...differs
  };
}

/** `count` changes, the newest first, with positions from `newest` down. */
function changes(count, newest) {
  return Array.from({ length: count }, (_, place) =>
    change({
      id: newest - place,
      member_name: `Class${newest - place}`,
      last_modified_date: new Date(Date.UTC(2026, 10, 1) + (newest - place) * 1000).toISOString()
    })
  );
}

function page(differs = {}) {
  return { changes: [change()], next: null, latest: 1, gaps: [], ...differs };
}

function coverage(differs = {}) {
  return { summary: "1 of 1 active org watched", active: 1, watched: 1, orgs: [], dev_hubs: [], ...differs };
}

function unwatched(differs = {}) {
  return {
    org_id: "00D9A0000008mZzUAI",
    name: "Ledger",
    username: "test-p0x2@example.com",
    watched: false,
    reason: "not_enrolled",
    why: "Our key cannot enter.",
    what_to_do: "Enrol it.",
    ...differs
  };
}

function overlap(differs = {}) {
  return {
    dev_hub: { id: 1, name: "Production" },
    member_type: "ApexClass",
    member_name: "RefundService",
    last_edited_at: "2026-11-21T09:28:11Z",
    org_count: 2,
    distinct_people: 2,
    orgs: [
      { org: org(), changed_by: person(), change_type: "CHANGE", edited_at: "2026-11-21T09:28:11Z" },
      { org: org(), changed_by: person({ name: "Ben Ito" }), change_type: "DELETE", edited_at: "2026-11-19T16:02:40Z" }
    ],
    ...differs
  };
}

function operation(differs = {}) {
  return {
    id: 41,
    status: "running",
    progress: { phase: "polling", current: 9, total: 22, message: "9 of 22 orgs polled" },
    ...differs
  };
}

/** An AuraHandledException of ours, as a component gets it. */
function apexError(differs = {}) {
  const told = { code: "not_allowed", message: "No.", action: "Ask.", retryAfterSeconds: null, serviceAway: false };
  return { body: { message: JSON.stringify({ ...told, ...differs }) } };
}

module.exports = { apexError, change, changes, coverage, operation, org, overlap, page, person, unwatched, watchedOrg };
