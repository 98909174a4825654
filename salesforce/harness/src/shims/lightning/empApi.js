/**
 * The DevHub's streaming API, heard by CometD as in Salesforce; this harness's server passes it on. `?emp=off` is a page
 * without it.
 */
import { CometD } from "cometd";

const OFF = new URLSearchParams(location.search).get("emp") === "off";
const API = "/cometd/65.0";
const tellFailure = new Set();

export function isEmpEnabled() {
  return Promise.resolve(!OFF);
}

export function setDebugFlag() {}

/** `callback` gets the reply that tells of it, of whatever channel. */
export function onError(callback) {
  tellFailure.add(callback);
}

export function subscribe(channel, replayId, callback) {
  const hub = new CometD();
  hub.configure({ url: location.origin + API, appendMessageTypeToURL: false, useWorkerScheduler: false });
  hub.unregisterTransport("websocket");
  hub.addListener("/meta/unsuccessful", (failed) => tellFailure.forEach((tell) => tell(failed)));
  let position = replayId;
  const hear = (message) => {
    position = message.data.event.replayId;
    callback(message);
  };
  return new Promise((resolve, reject) => {
    const answered = (reply) => (reply.successful ? resolve({ id: reply.id, channel, replayId, hub }) : reject(reply));
    // again after a connection that broke: what was said meanwhile is heard then
    hub.handshake((reply) =>
      reply.successful
        ? hub.subscribe(channel, hear, { ext: { replay: { [channel]: position } } }, answered)
        : reject(reply)
    );
  });
}

export function unsubscribe(subscription, callback) {
  return new Promise((resolve) => {
    subscription.hub.disconnect((reply) => resolve(callback(reply)));
  });
}
