/** ScratcherFailure and ScratcherAnswer, the Apex classes, again: what happened and what to do. */

const ENTER_THE_KEY =
  "Ask an admin to enter a valid API key: Setup, Named Credentials, External Credentials, Scratcher.";
const NARROW_THE_FILTER = "Change the filter, or clear it.";
const BEGIN_ANEW = "Reload the page to begin anew.";
export const ACTIONS = {
  not_authenticated: ENTER_THE_KEY,
  not_allowed: "Ask an admin for an API key with the scopes read and poll.",
  not_found: "Reload the page: it may be gone, or belong to another team.",
  invalid_value: NARROW_THE_FILTER,
  unknown_org: NARROW_THE_FILTER,
  too_many_values: NARROW_THE_FILTER,
  too_broad: "Narrow the filter with a shorter time.",
  invalid_cursor: BEGIN_ANEW,
  cursor_expired: BEGIN_ANEW,
  position_expired: BEGIN_ANEW,
  gone: BEGIN_ANEW,
  too_many_requests: "Wait a minute and try again.",
  service_away: "Try again in a moment. If it stays so, ask whoever runs Scratcher.",
  malformed_answer:
    "Ask an admin whether the URL of the Named Credential Scratcher is right, and whether a proxy stands before it.",
  no_access:
    "Ask an admin to assign you the permission set Scratcher User, and to enter the API key in the External Credential Scratcher.",
  not_a_dev_hub: "Open this page in the DevHub, or enable Dev Hub in Setup."
};
const AWAY = new Set([502, 503, 504]);

export function failure(code, message, { serviceAway = false, retryAfterSeconds = null } = {}) {
  const action = ACTIONS[code] ?? `Try again. If it happens again, tell an admin the code ${code}.`;
  const wait = `Try again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? "second" : "seconds"}.`;
  return { code, message, action: retryAfterSeconds === null ? action : wait, retryAfterSeconds, serviceAway };
}

/** Of an answer that is not {"success": true}. */
export function failureOfAnswer({ status, retryAfter, text }, content) {
  const serviceAway = AWAY.has(status);
  const retryAfterSeconds = /^\d{1,6}$/.test(retryAfter ?? "") ? Number(retryAfter) : null;
  if (content?.error?.code) {
    const message = content.error.message || `Scratcher refused the request (${content.error.code}).`;
    return failure(content.error.code, message, { serviceAway, retryAfterSeconds });
  }
  if (serviceAway) {
    return failure("service_away", `Scratcher is away (HTTP ${status}).`, { serviceAway, retryAfterSeconds });
  }
  if (status === 401) {
    return failure("not_authenticated", "Scratcher does not know the API key.");
  }
  if (status === 429) {
    return failure("too_many_requests", "Scratcher was asked too often.", { retryAfterSeconds });
  }
  const message = `${whatCame(text)} came instead of Scratcher's answer (HTTP ${status}).`;
  return failure("malformed_answer", message, { serviceAway: true });
}

/** Of a call that had no answer at all. */
export function failureOfCall(error, timeLimitSeconds) {
  const isLate = error.name === "TimeoutError";
  const message = isLate
    ? `Scratcher did not answer within ${timeLimitSeconds} seconds.`
    : "Scratcher cannot be reached.";
  return failure("service_away", message, { serviceAway: true });
}

function whatCame(text) {
  if (text.trim() === "") {
    return "Nothing";
  }
  return text.trim().startsWith("<") ? "A web page" : "Something else";
}
