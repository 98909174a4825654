import { files, runPackaged, SOURCE } from "./project.mjs";

export const title = "the page's units (jest)";

export function check() {
  const tests = files(SOURCE, (file) => file.endsWith(".test.js"), { tests: true });
  runPackaged("sfdx-lwc-jest", ["--", "--runInBand", "--silent"]);
  return `${tests.length} files of tests`;
}
