/** Apex as the platform offers it to a component: a function for each method. */

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

export function method(name) {
  return (params) => call(name, params);
}
