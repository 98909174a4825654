/** The streaming API: what this harness's server publishes. `?emp=off` is a page without it. */

const OFF = new URLSearchParams(location.search).get("emp") === "off";
const failed = new Set();

export function isEmpEnabled() {
  return Promise.resolve(!OFF);
}

export function setDebugFlag() {}

export function onError(callback) {
  failed.add(callback);
}

export function subscribe(channel, replayId, callback) {
  const source = new EventSource(`/streaming?channel=${encodeURIComponent(channel)}`);
  source.onmessage = (message) => callback({ channel, data: JSON.parse(message.data) });
  return new Promise((resolve, reject) => {
    source.onopen = () => resolve({ id: 1, channel, replayId, source });
    source.onerror = (error) => {
      reject(error);
      failed.forEach((tell) => tell({ channel, error: "The connection was lost" }));
    };
  });
}

export function unsubscribe(subscription, callback) {
  subscription.source.close();
  callback({ channel: subscription.channel, successful: true });
  return Promise.resolve();
}
