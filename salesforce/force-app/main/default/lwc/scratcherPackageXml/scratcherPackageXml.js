/** A manifest of components, for `sf project retrieve start --manifest package.xml`. */
const API_VERSION = "65.0";
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/**
 * {xml, count, deleted} of the changes' components: each once, by its latest change. What was deleted cannot be
 * retrieved and is left out; `deleted` counts it.
 */
export function packageXml(changes) {
  const latest = latestOfEach(changes);
  const live = latest.filter((change) => change.kind !== "DELETE");
  return { xml: manifest(live), count: live.length, deleted: latest.length - live.length };
}

function latestOfEach(changes) {
  const latest = new Map();
  for (const change of changes) {
    const key = JSON.stringify([change.type, change.name]);
    const known = latest.get(key);
    if (!known || known.at < change.at) {
      latest.set(key, change);
    }
  }
  return [...latest.values()];
}

function manifest(components) {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<Package xmlns="http://soap.sforce.com/2006/04/metadata">'];
  for (const type of [...new Set(components.map((component) => component.type))].sort()) {
    const names = components.filter((component) => component.type === type).map((component) => component.name);
    lines.push("    <types>", ...names.sort().map((name) => `        <members>${escaped(name)}</members>`));
    lines.push(`        <name>${escaped(type)}</name>`, "    </types>");
  }
  return [...lines, `    <version>${API_VERSION}</version>`, "</Package>", ""].join("\n");
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]);
}
