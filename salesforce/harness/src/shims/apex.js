/** Apex as the platform offers it to a component: called as a function, or wired and refreshed. */

async function call(name, params) {
  const answer = await fetch(`/apex/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(params ?? {})
  });
  const body = await answer.json();
  if (!answer.ok) {
    throw { body, ok: false, status: 500, statusText: "Server Error" };
  }
  return body;
}

const wires = new WeakMap();

export function method(name) {
  const invoke = (params) => call(name, params);
  invoke.adapter = class {
    constructor(provide) {
      this.provide = provide;
      this.wasAsked = false;
      provide({ data: undefined, error: undefined });
    }
    connect() {}
    disconnect() {
      this.provide = () => {};
    }
    update(config) {
      const isComplete = Object.values(config).every((value) => value !== undefined);
      if (isComplete && !(this.wasAsked && JSON.stringify(config) === JSON.stringify(this.config))) {
        this.wasAsked = true;
        this.config = config;
        this.read();
      }
    }
    async read() {
      const answer = { data: undefined, error: undefined };
      try {
        answer.data = await call(name, this.config);
      } catch (error) {
        answer.error = error;
      }
      wires.set(answer, this);
      this.provide(answer);
    }
  };
  return invoke;
}

export function refreshApex(answer) {
  return wires.get(answer)?.read() ?? Promise.resolve();
}
