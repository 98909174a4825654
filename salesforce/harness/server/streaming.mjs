/**
 * Platform events for the page: one Scratcher_Change__e for each org in which changes were found, as the service
 * publishes them into a DevHub. Here they are made from the feed, while a page listens.
 */

const LOOK_MILLISECONDS = 1000;

/** `ask`: the methods of `apex.mjs`. Returns what serves a page that subscribes. */
export function streaming(ask) {
  const pages = new Set();
  let after = null;

  async function look() {
    const page = await (after === null
      ? ask["ScratcherExternalService.getChanges"]({ filters: {}, pageSize: 1 })
      : ask["ScratcherExternalService.getChangesAfter"]({ filters: {}, pageSize: 200, after }));
    const events = after === null ? [] : eventsOf(page.changes);
    after = page.latest;
    for (const event of events) {
      pages.forEach((page) => page.write(`data: ${JSON.stringify(event)}\n\n`));
    }
  }

  async function watch() {
    while (pages.size > 0) {
      await look().catch(() => {}); // the page itself says what is wrong: it asks the same service
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
    }
    after = null;
  }

  return (request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": subscribed\n\n");
    pages.add(response);
    request.on("close", () => pages.delete(response));
    if (pages.size === 1) {
      watch();
    }
  };
}

function eventsOf(changes) {
  const orgs = new Map();
  for (const change of changes) {
    orgs.set(change.org.org_id, [...(orgs.get(change.org.org_id) ?? []), change]);
  }
  return [...orgs.values()].map((found) => ({
    schema: "Scratcher_Change__e",
    payload: {
      Org_Id__c: found[0].org.org_id,
      Org_Name__c: found[0].org.alias || found[0].org.name,
      Change_Count__c: found.length,
      Feed_From__c: found[0].id,
      Feed_To__c: found.at(-1).id
    },
    event: { replayId: found.at(-1).id }
  }));
}
