/** The DevHub in which the component runs: the simulator's, read as the Apex class Scratcher reads a real one. */
import { failure } from "./failures.mjs";

const API = "/services/data/v65.0/query";
const ACTIVE_ORGS =
  "SELECT ScratchOrg, ScratchOrgInfoId, OrgName, SignupUsername, Edition, ExpirationDate, CreatedDate, Owner.Name " +
  "FROM ActiveScratchOrg ORDER BY ExpirationDate NULLS LAST LIMIT 1000";
const INFOS = "SELECT Id, Status, LoginUrl FROM ScratchOrgInfo";

/** `hub`: see simulator.mjs. */
export function simulatedDevHub(hub) {
  return {
    isDevHub: () => ({ isDevHub: true, reason: "" }),
    async localOrgs() {
      try {
        return { orgs: await read(hub), more: false };
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

async function read(hub) {
  const headers = await hub.login();
  const query = async (soql) => (await hub.askForJson(`${API}?q=${encodeURIComponent(soql)}`, { headers })).records;
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
