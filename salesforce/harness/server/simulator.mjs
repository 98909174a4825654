/** The simulated DevHub as an https server: the same calls as to a real one, but for the way in. */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { json } from "node:stream/consumers";

/** `file`: where the simulator says of itself how it is reached; read at each call, since a new demo writes it anew. */
export function simulator(file) {
  const said = () => JSON.parse(readFileSync(file, "utf8"));

  /** The answer as it comes in. */
  function ask(url, { method = "GET", headers = {}, body, signal } = {}) {
    return new Promise((resolve, reject) => {
      request(url, { method, headers, signal, ca: readFileSync(said().ca) }, resolve)
        .on("error", reject)
        .end(body);
    });
  }

  async function askForJson(url, options) {
    const answer = await ask(url, options);
    if (answer.statusCode >= 300) {
      answer.resume();
      throw new Error(`HTTP ${answer.statusCode}`);
    }
    return json(answer);
  }

  return {
    /** The header of a new session in the DevHub: a control command, in place of a login. */
    async login() {
      const { control, control_token: token, hub } = said();
      const headers = { "X-Control-Token": token };
      const session = await askForJson(`${control}/orgs/${hub.org_id}/login-as`, { method: "POST", headers });
      return { Authorization: `Bearer ${session.access_token}` };
    },
    ask: (path, options) => ask(said().url + path, options),
    askForJson: (path, options) => askForJson(said().url + path, options)
  };
}
