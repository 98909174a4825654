/**
 * The DevHub's CometD for the page: passed on as it is, with the session that a page in Salesforce has by itself. So the
 * events that arrive are those that Scratcher published there.
 */

import { pipeline } from "node:stream/promises";

export const COMETD = "/cometd/";
const PASSED_ON = ["content-type", "cookie"];
const MOST_BYTES = 32768; // as many as Salesforce takes

/** `hub`: see simulator.mjs. Returns what answers the page's requests below COMETD. */
export function streaming(hub) {
  let session = null;

  async function pass(request, response, signal) {
    const body = await bodyOf(request);
    if (session === null || body.includes("/meta/handshake")) {
      session = hub.login(); // the one before may have timed out
    }
    const given = PASSED_ON.filter((name) => request.headers[name]).map((name) => [name, request.headers[name]]);
    const headers = { ...Object.fromEntries(given), ...(await session), "Content-Length": Buffer.byteLength(body) };
    const answer = await hub.ask(request.url, { method: "POST", headers, body, signal });
    response.writeHead(answer.statusCode, answer.headers);
    await pipeline(answer, response);
  }

  return (request, response) => {
    const left = new AbortController(); // the page closes, and its long poll with it
    response.on("close", () => left.abort());
    pass(request, response, left.signal).catch(() => {
      session = null;
      response.destroy(); // the page hears of a lost connection, and makes a new one
    });
  };
}

async function bodyOf(request) {
  let body = "";
  for await (const part of request) {
    body += part;
    if (body.length > MOST_BYTES) {
      throw new Error("too long");
    }
  }
  return body;
}
