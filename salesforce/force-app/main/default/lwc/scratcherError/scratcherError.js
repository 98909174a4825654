/**
 * What went wrong, in words: {code, message, action, retryAfterSeconds, serviceAway}.
 *
 * Our Apex throws an AuraHandledException whose message is that as JSON. Salesforce's own errors (no access to the
 * class, a lost session, no network) have none, and are put into words here.
 */
const NO_ACCESS = {
  code: "no_access",
  message: "You may not use Scratcher in this org yet.",
  action: "Ask your admin to assign you the permission set Scratcher User, then reload this page."
};
const OFFLINE = {
  code: "offline",
  message: "Salesforce could not be reached from this browser.",
  action: "Check your network connection, then try again."
};
const UNEXPECTED_ACTION = "Try again. If it stays, send this sentence to your admin.";

export function explain(error) {
  const said = error?.body?.message ?? error?.message ?? "";
  return { retryAfterSeconds: null, serviceAway: false, ...(ours(said) ?? salesforces(error, said)) };
}

function ours(said) {
  try {
    const told = JSON.parse(said);
    return typeof told?.message === "string" ? { ...told, message: asHeading(told.message) } : null;
  } catch {
    return null; // a sentence of Salesforce's
  }
}

function salesforces(error, said) {
  if (/access to the Apex class|INSUFFICIENT_ACCESS/i.test(said)) {
    return NO_ACCESS;
  }
  if (!said || error instanceof TypeError) {
    return OFFLINE;
  }
  return { code: "unexpected", message: `Salesforce answered: ${said}`, action: UNEXPECTED_ACTION };
}

/** The service's sentences begin small: it also says them after a name. */
function asHeading(message) {
  return message.charAt(0).toUpperCase() + message.slice(1);
}
