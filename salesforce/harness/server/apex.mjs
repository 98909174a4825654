/**
 * What the Apex classes do for the component, done here with the same methods, the same requests to the REST API and
 * the same errors. The API key stays in this process, as it stays in the Named Credential.
 */
import { failureOfAnswer, failureOfCall } from "./failures.mjs";

const AWAY = new Set([502, 503, 504]);
const TIME_LIMIT_SECONDS = 10;

export const SETTINGS = {
  pageSize: 100,
  mostRows: 500,
  refreshSeconds: 30,
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  overlapDays: 14,
  expiryWarningDays: 3,
  live: true,
  pollNow: true,
  localFallback: true
};

/** {"Class.method": async (parameters) => answer}; they throw a failure as `failures.mjs` makes them. */
export function apexMethods({ url, key, devHub, settings = {} }) {
  const get = (path, query = {}) => send({ url, key }, "GET", path, query);
  const post = (path) => send({ url, key }, "POST", path, {});
  return {
    "ScratcherExternalService.getChanges": ({ filters, pageSize, cursor }) =>
      get("/api/changes", { ...filters, limit: pageSize, cursor }),
    "ScratcherExternalService.getChangesAfter": ({ filters, pageSize, after }) =>
      get("/api/changes", { ...filters, limit: pageSize, after }),
    "ScratcherExternalService.getOrgs": ({ pageSize, cursor }) =>
      get("/api/orgs", { status: "Active", limit: pageSize, cursor }),
    "ScratcherExternalService.getCoverage": () => get("/api/coverage"),
    "ScratcherExternalService.getOverlaps": ({ days, pageSize, cursor }) =>
      get("/api/overlaps", { days, limit: pageSize, cursor }),
    "ScratcherExternalService.pollAll": () => post("/api/poll"),
    "ScratcherExternalService.getOperation": ({ operationId }) => get(`/api/operations/${Number(operationId)}`),
    "ScratcherExternalService.getSettings": async () => ({ ...SETTINGS, ...settings }),
    "Scratcher.isDevHub": async () => devHub.isDevHub(),
    "Scratcher.getLocalOrgs": () => devHub.localOrgs()
  };
}

/** The service's answer; asked once more at once where it is away. */
async function send(service, method, path, query) {
  let answer = await sendOnce(service, method, path, query);
  if (AWAY.has(answer.status)) {
    answer = await sendOnce(service, method, path, query);
  }
  const content = parsed(answer.text);
  if (content?.success === true) {
    return content;
  }
  throw failureOfAnswer(answer, content);
}

async function sendOnce({ url, key }, method, path, query) {
  const address = new URL(path, url);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") {
      address.searchParams.set(name, value);
    }
  }
  try {
    const answer = await fetch(address, {
      method,
      headers: { "X-API-Key": key, "Content-Type": "application/json" },
      body: method === "POST" ? "{}" : undefined,
      signal: AbortSignal.timeout(TIME_LIMIT_SECONDS * 1000)
    });
    return { status: answer.status, retryAfter: answer.headers.get("Retry-After"), text: await answer.text() };
  } catch (error) {
    throw failureOfCall(error, TIME_LIMIT_SECONDS);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a page, half an answer or none: the failure says so
  }
}
