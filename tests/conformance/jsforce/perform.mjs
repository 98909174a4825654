// What operations.py is for Python: runs a client's operations in order, and tells of each in the lines that the
// runner reads. Also the simulator's control API.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const MARK = "conformance: ";
const facts = JSON.parse(readFileSync(join(process.env.SIMULATOR_DIR, "simulator.json"), "utf8"));

export const { url, hub } = facts;

function tell(what) {
  process.stdout.write(`${MARK}${JSON.stringify(what)}\n`);
}

/** What the simulator's control API answers; it must not refuse. */
export async function control(method, path, body) {
  const answer = await fetch(`${facts.control}/${path}`, {
    method,
    headers: { "X-Control-Token": facts.control_token, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}

/** A new scratch org, with a session of its admin: org_id, access_token, instance_url, refresh_token if wanted. */
export async function newOrg(wanted = {}) {
  const { orgs } = await control("POST", "orgs", wanted);
  return { ...orgs[0], ...(await control("POST", `orgs/${orgs[0].org_id}/login-as`)) };
}

/** `operations`: functions by name, queryPaging for "query paging". One that fails doesn't keep the next from running. */
export async function perform(client, version, operations) {
  const words = (name) => name.replace(/([A-Z]|(?<=[a-z])[0-9]{2,})/g, " $1").toLowerCase();
  tell({ client, version, operations: Object.keys(operations).map(words) });
  for (const [name, operation] of Object.entries(operations)) {
    const started = performance.now();
    let error = "";
    try {
      await operation();
    } catch (problem) {
      error = String(problem?.stack ?? problem);
    }
    tell({ operation: words(name), error, seconds: Math.round((performance.now() - started) / 100) / 10 });
  }
  process.exit(0); // jsforce keeps connections open
}
