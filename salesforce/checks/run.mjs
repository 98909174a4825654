/**
 * All checks of this project, in order: `npm test`, or some of them by name: `npm test -- apexTypes metadataTypes`.
 * A check is a module with `title` and `check()`, which answers a line of what was looked at and throws what is wrong.
 */
import { findJava } from "./java.mjs";

const ORDER = [
  "format",
  "lint",
  "apexTypes",
  "apexRules",
  "conversion",
  "metadataTypes",
  "references",
  "apexCalls",
  "harness",
  "units"
];

const chosen = process.argv.length > 2 ? process.argv.slice(2) : ORDER;
const unknown = chosen.filter((name) => !ORDER.includes(name));
if (unknown.length) {
  throw new Error(`There is no check ${unknown.join(", ")}; there are ${ORDER.join(", ")}.`);
}
if (chosen.some((name) => name === "apexTypes" || name === "apexRules")) {
  findJava();
}

let failed = 0;
for (const name of chosen) {
  const { title, check } = await import(`./${name}.mjs`);
  const start = performance.now();
  try {
    const seen = await check();
    console.log(`ok      ${title}: ${seen} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.error(`FAILED  ${title}\n${error.message}\n`);
  }
}
process.exitCode = failed ? 1 : 0;
