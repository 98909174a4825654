/** PMD's rules for Apex. One that is broken for a reason is suppressed where it is, with that reason on the line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { files, relative, SOURCE } from "./project.mjs";
import { java } from "./java.mjs";

export const title = "Apex rules (PMD)";
const RULES = path.join(import.meta.dirname, "apexRules.xml");

export function check() {
  const classes = files(SOURCE, (file) => file.endsWith(".cls"));
  const { violations, processingErrors } = analyse(classes);
  const findings = [
    ...processingErrors.map((error) => error.message),
    ...violations.map(
      ({ rule, message, codeLocation: at }) => `${relative(at.file)}:${at.startLine} ${rule}: ${message}`
    ),
    ...unexplainedSuppressions(classes)
  ];
  if (findings.length) {
    throw new Error(findings.join("\n"));
  }
  return `${classes.length} classes, no findings`;
}

function analyse(classes) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "scratcher-pmd-"));
  try {
    const [input, output] = ["input.json", "output.json"].map((name) => path.join(folder, name));
    const runDataPerLanguage = { apex: { filesToScan: classes } };
    writeFileSync(input, JSON.stringify({ ruleSetInputFile: RULES, runDataPerLanguage }));
    java("com.salesforce.sfca.pmdwrapper.PmdWrapper", ["run", input, output]);
    return JSON.parse(readFileSync(output, "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function unexplainedSuppressions(classes) {
  return classes.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .map((line, index) => ({ line, place: `${relative(file)}:${index + 1}` }))
      .filter(({ line }) => /@SuppressWarnings|NOPMD/.test(line) && !/(\/\/|NOPMD) *[^ ].{10,}/.test(line))
      .map(({ place }) => `${place} a rule is suppressed without a reason on the line`)
  );
}
