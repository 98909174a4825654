/** Apex with the types of the platform, this project's objects and fields: what a deployment would refuse to compile. */
import { files, SOURCE } from "./project.mjs";
import { java } from "./java.mjs";

export const title = "Apex types (apex-ls)";

export function check() {
  const findings = java("io.github.apexdevtools.apexls.CheckForIssues", ["-n", "-w", ".", "-d", "unused"]).trim();
  if (findings) {
    throw new Error(findings);
  }
  return `${files(SOURCE, (file) => file.endsWith(".cls")).length} classes`;
}
