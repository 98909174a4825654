// jsforce: queries, records, describes, bulk loads, composite calls, a refreshed token, events.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import jsforce from "jsforce";
import { control, hub, newOrg, perform, url } from "./perform.mjs";

const API = "67.0";
const { StreamingExtension } = createRequire(import.meta.url)("jsforce/api/streaming");
const { version } = JSON.parse(readFileSync(new URL("../node_modules/jsforce/package.json", import.meta.url), "utf8"));

function connect(login, more = {}) {
  const { instance_url: instanceUrl, access_token: accessToken } = login;
  return new jsforce.Connection({ instanceUrl, accessToken, version: API, ...more });
}

const hubLogin = await control("POST", `orgs/${hub.org_id}/login-as`);
const conn = connect(hubLogin);

async function tooling() {
  const org = await newOrg();
  await control("POST", "edits", {
    edits: [{ org_id: org.org_id, member_type: "ApexClass", member_name: "Moon", kind: "NEW" }],
  });
  const found = await connect(org).tooling.query("SELECT MemberType, MemberName, IsNameObsolete FROM SourceMember");
  assert.deepEqual(
    found.records.map((row) => [row.attributes.type, row.MemberType, row.MemberName, row.IsNameObsolete]),
    [["SourceMember", "ApexClass", "Moon", false]],
  );
}

async function queryPaging() {
  const org = await newOrg();
  const edits = Array.from({ length: 4100 }, (_, number) => ({
    org_id: org.org_id,
    member_type: "ApexClass",
    member_name: `Paged${String(number).padStart(4, "0")}`,
    kind: "NEW",
  }));
  await control("POST", "edits", { edits });
  const api = connect(org).tooling;
  let page = await api.query("SELECT MemberName FROM SourceMember ORDER BY RevisionCounter");
  const sizes = [page.records.length];
  const names = page.records.map((row) => row.MemberName);
  assert.equal(page.totalSize, 4100);
  while (!page.done) {
    page = await api.queryMore(page.nextRecordsUrl);
    sizes.push(page.records.length);
    names.push(...page.records.map((row) => row.MemberName));
  }
  assert.deepEqual(sizes, [2000, 2000, 100]);
  assert.deepEqual(names, edits.map((edit) => edit.member_name));
}

async function identity() {
  const found = await conn.identity();
  assert.equal(found.organization_id, hub.org_id);
  assert.equal(found.username, hub.username);
}

async function refreshOn401() {
  const org = await newOrg({ connected_app: "PlatformCLI", refresh_token: true });
  const refreshed = [];
  const away = connect(
    { ...org, access_token: `${org.org_id.slice(0, 15)}!expired` },
    { oauth2: { loginUrl: url, clientId: "PlatformCLI" }, refreshToken: org.refresh_token },
  );
  away.on("refresh", (token) => refreshed.push(token));
  const found = await away.query("SELECT Id, Username FROM User");
  assert.equal(found.records[0].Username, org.username);
  assert.equal(refreshed.length, 1);
  assert.equal(away.accessToken, refreshed[0]);
}

async function errors() {
  await assert.rejects(conn.query("SELECT Nothing__c FROM User"), { errorCode: "INVALID_FIELD" });
  await assert.rejects(conn.query("SELECT Id FROM Nothing__c"), { errorCode: "INVALID_TYPE" });
  await assert.rejects(conn.request("/services/data/v67.0/nothing"), { errorCode: "NOT_FOUND" });
}

async function crud() {
  const accounts = conn.sobject("Account");
  const made = await accounts.create({ Name: "Mars Inc", Industry: "Energy" });
  assert.equal(made.success, true);
  await accounts.update({ Id: made.id, Name: "Venus Inc" });
  const found = await accounts.retrieve(made.id);
  assert.deepEqual([found.Id, found.Name, found.Industry], [made.id, "Venus Inc", "Energy"]);
  await accounts.destroy(made.id);
  await assert.rejects(accounts.retrieve(made.id), { errorCode: "NOT_FOUND" });
  await assert.rejects(accounts.destroy(made.id), { errorCode: "ENTITY_IS_DELETED" });
}

async function crudOfSeveral() {
  const names = ["One", "Two", "Three"].map((name) => `Several ${name}`);
  const made = await conn.sobject("Account").create(names.map((Name) => ({ Name })));
  assert.deepEqual(
    made.map((one) => one.success),
    [true, true, true],
  );
  const ids = made.map((one) => one.id);
  const changed = await conn.sobject("Account").update(ids.map((Id, place) => ({ Id, Name: `${names[place]}!` })));
  assert.equal(changed.filter((one) => one.success).length, 3);
  const found = await conn.sobject("Account").retrieve(ids);
  assert.deepEqual(
    found.map((one) => one.Name),
    names.map((name) => `${name}!`),
  );
  const gone = await conn.sobject("Account").destroy(ids);
  assert.equal(gone.filter((one) => one.success).length, 3);
  assert.deepEqual(await conn.sobject("Account").find({ Id: { $in: ids } }, ["Name"]), []);
}

async function crudRefused() {
  const contacts = conn.sobject("Contact");
  await assert.rejects(contacts.create({ FirstName: "Nameless" }), { errorCode: "REQUIRED_FIELD_MISSING" });
  await assert.rejects(contacts.create({ LastName: "X", Nothing__c: 1 }), { errorCode: "INVALID_FIELD" });
  const several = await contacts.create([{ LastName: "Good" }, { FirstName: "Bad" }]);
  assert.deepEqual(
    several.map((one) => one.success),
    [true, false],
  );
  assert.equal(several[1].errors[0].statusCode, "REQUIRED_FIELD_MISSING");
}

async function upsert() {
  const org = await newOrg();
  const fields = [{ name: "Number__c", type: "string", length: 20, externalId: true, unique: true }];
  await control("POST", "objects", { orgs: [org.org_id], objects: [{ name: "Invoice__c", fields }] });
  const invoices = connect(org).sobject("Invoice__c");
  const made = await invoices.upsert({ Number__c: "A-1", Name: "First" }, "Number__c");
  const changed = await invoices.upsert({ Number__c: "A-1", Name: "Changed" }, "Number__c");
  assert.deepEqual([made.success, made.created, changed.created, changed.id], [true, true, false, made.id]);
  assert.equal((await invoices.retrieve(made.id)).Name, "Changed");
  await assert.rejects(invoices.create({ Number__c: "A-1" }), { errorCode: "DUPLICATE_VALUE" });
  const several = await invoices.upsert([{ Number__c: "A-1" }, { Number__c: "A-2" }], "Number__c");
  assert.deepEqual(
    several.map((one) => [one.success, one.created]),
    [
      [true, false],
      [true, true],
    ],
  );
}

async function picklists() {
  const org = await newOrg();
  const fields = [{ name: "Status__c", type: "picklist", values: ["Open", "Paid"], restricted: true }];
  await control("POST", "objects", { orgs: [org.org_id], objects: [{ name: "Invoice__c", fields }] });
  await assert.rejects(connect(org).sobject("Invoice__c").create({ Status__c: "Lost" }), {
    errorCode: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
  });
}

async function toolingDescribe() {
  const member = await connect(await newOrg()).tooling.sobject("SourceMember").describe();
  assert.ok(member.fields.some((one) => one.name === "RevisionCounter" && one.type === "int"));
}

async function describe() {
  const account = await conn.sobject("Account").describe();
  const field = (name) => account.fields.find((one) => one.name === name);
  assert.equal(account.keyPrefix, "001");
  assert.deepEqual([field("Name").type, field("Name").nillable], ["string", false]);
  assert.deepEqual(field("OwnerId").referenceTo, ["User"]);
  assert.ok(account.childRelationships.some((one) => one.childSObject === "Contact" && one.field === "AccountId"));
}

async function describeGlobal() {
  const { sobjects } = await conn.describeGlobal();
  const names = sobjects.map((one) => one.name);
  for (const name of ["Account", "Contact", "Opportunity", "Case", "User", "Product2", "Pricebook2", "Order"]) {
    assert.ok(names.includes(name), name);
  }
}

async function bulk2Ingest() {
  const records = Array.from({ length: 300 }, (_, number) => ({ Name: `Bulk2 ${number}`, Industry: "Energy" }));
  const found = await conn.bulk2.loadAndWaitForResults({
    object: "Account",
    operation: "insert",
    input: [...records, { Name: "", Industry: "Energy" }],
    pollTimeout: 60_000,
    pollInterval: 500,
  });
  assert.equal(found.successfulResults.length, 300);
  assert.deepEqual(
    found.failedResults.map((one) => one.sf__Error.split(":")[0]),
    ["REQUIRED_FIELD_MISSING"],
  );
  assert.equal(found.unprocessedRecords.length, 0);
}

async function bulk2Query() {
  const stream = await conn.bulk2.query("SELECT Id, Name FROM Account WHERE Name LIKE 'Bulk2 %'", {
    pollTimeout: 60_000,
    pollInterval: 500,
  });
  const found = await stream.toArray();
  assert.equal(found.length, 300);
  assert.equal(new Set(found.map((one) => one.Name)).size, 300);
}

async function composite() {
  const sobjects = `/services/data/v${API}/sobjects`;
  const found = await conn.requestPost(`/services/data/v${API}/composite`, {
    allOrNone: true,
    compositeRequest: [
      { method: "POST", url: `${sobjects}/Account`, referenceId: "account", body: { Name: "Composed" } },
      {
        method: "POST",
        url: `${sobjects}/Contact`,
        referenceId: "contact",
        body: { LastName: "Composed", AccountId: "@{account.id}" },
      },
    ],
  });
  assert.deepEqual(
    found.compositeResponse.map((one) => [one.referenceId, one.httpStatusCode]),
    [
      ["account", 201],
      ["contact", 201],
    ],
  );
  const { records } = await conn.query("SELECT Account.Name FROM Contact WHERE LastName = 'Composed'");
  assert.deepEqual(
    records.map((one) => one.Account.Name),
    ["Composed"],
  );
}

async function streaming() {
  await control("POST", "objects", {
    orgs: "hub",
    objects: [{ name: "Rise__e", fields: [{ name: "Body__c", type: "string" }] }],
  });
  const channel = "/event/Rise__e";
  const heard = [];
  const client = conn.streaming.createClient([new StreamingExtension.Replay(channel, -1)]);
  const events = new Promise((resolve) => {
    client
      .subscribe(channel, (event) => {
        heard.push(event);
        if (heard.length === 2) resolve();
      })
      .then(async () => {
        for (const Body__c of ["Sun", "Moon"]) await conn.sobject("Rise__e").create({ Body__c });
      });
  });
  await Promise.race([
    events,
    new Promise((_, reject) => setTimeout(() => reject(new Error(`heard ${heard.length} of 2 events`)), 20_000)),
  ]);
  client.disconnect();
  assert.deepEqual(
    heard.map((event) => event.payload.Body__c),
    ["Sun", "Moon"],
  );
  assert.ok(heard[0].event.replayId < heard[1].event.replayId);
}

await perform("jsforce", version, {
  queryPaging,
  tooling,
  crud,
  crudOfSeveral,
  crudRefused,
  upsert,
  picklists,
  describe,
  toolingDescribe,
  describeGlobal,
  bulk2Ingest,
  bulk2Query,
  composite,
  identity,
  refreshOn401,
  streaming,
  errors,
});
