/** Java, which the two Apex checks need; their jars come with npm. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { PROJECT, run } from "./project.mjs";

const JARS = path.join(PROJECT, "node_modules/@salesforce/code-analyzer-pmd-engine/dist/java-lib/*");
const LEAST = 17;

/** Ends the process with a sentence where there is none. */
export function findJava() {
  const version = spawnSync("java", ["-version"], { encoding: "utf8" });
  const major = version.error ? 0 : Number(/version "(\d+)/.exec(version.stderr)?.[1] ?? 0);
  if (major < LEAST) {
    const found = major ? `found is Java ${major}` : "there is none";
    console.error(
      `Checking Apex needs Java ${LEAST} or newer, and ${found}; on Debian 12: apt-get install openjdk-17-jre-headless`
    );
    process.exit(1);
  }
}

export function java(mainClass, args) {
  return run("java", ["-cp", JARS, mainClass, ...args]);
}
