/** The DevHub in which the component runs: the simulator's, read as the Apex class Scratcher reads a real one. */
import { request } from "node:https";
import { readFileSync } from "node:fs";
import { failure } from "./failures.mjs";

const API = "/services/data/v65.0/query";
const ACTIVE_ORGS =
  "SELECT ScratchOrg, ScratchOrgInfoId, OrgName, SignupUsername, Edition, ExpirationDate, CreatedDate, Owner.Name " +
  "FROM ActiveScratchOrg ORDER BY ExpirationDate NULLS LAST LIMIT 1000";
const INFOS = "SELECT Id, Status, LoginUrl FROM ScratchOrgInfo";

/** `file`: where the simulator says of itself how it is reached. */
export function simulatedDevHub(file) {
  return {
    isDevHub: () => ({ isDevHub: true, reason: "" }),
    async localOrgs() {
      try {
        return { orgs: await read(JSON.parse(readFileSync(file, "utf8"))), more: false };
      } catch (error) {
        throw failure("unexpected", `The simulated DevHub cannot be read: ${error.message}`);
      }
    }
  };
}

/** An org that is none. */
export const noDevHub = {
  isDevHub: () => ({ isDevHub: false, reason: "This org is not a DevHub: it has no scratch orgs." }),
  localOrgs() {
    throw failure("not_a_dev_hub", "This org is not a DevHub: it has no scratch orgs.");
  }
};

async function read(simulator) {
  const ca = readFileSync(simulator.ca);
  const login = `${simulator.control}/orgs/${simulator.hub.org_id}/login-as`;
  const session = await ask(login, { ca, method: "POST", headers: { "X-Control-Token": simulator.control_token } });
  const headers = { Authorization: `Bearer ${session.access_token}` };
  const query = async (soql) =>
    (await ask(`${simulator.url}${API}?q=${encodeURIComponent(soql)}`, { ca, headers })).records;
  const infos = new Map((await query(INFOS)).map((info) => [info.Id, info]));
  return (await query(ACTIVE_ORGS)).map((org) => asOrg(org, infos.get(org.ScratchOrgInfoId)));
}

function asOrg(active, info) {
  return {
    org_id: active.ScratchOrg,
    name: active.OrgName,
    username: active.SignupUsername,
    owner: active.Owner?.Name ?? null,
    status: info?.Status ?? "Active",
    expiration_date: active.ExpirationDate,
    created_date: active.CreatedDate,
    edition: active.Edition,
    link: info?.LoginUrl ?? null
  };
}

function ask(address, options) {
  return new Promise((resolve, reject) => {
    const asked = request(address, options, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString();
        if (answer.statusCode >= 300) {
          reject(new Error(`HTTP ${answer.statusCode}`));
        } else {
          resolve(JSON.parse(text));
        }
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}
