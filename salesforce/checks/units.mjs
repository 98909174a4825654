import { files, runPackaged, SOURCE } from "./project.mjs";

export const title = "the page's units (jest)";

export function check() {
  const tests = files(SOURCE, (file) => file.endsWith(".test.js"), { tests: true });
  if (!tests.length && process.env.SCRATCHER_WITHOUT_PAGE) {
    return "NOTHING WAS RUN: there is no page yet, and SCRATCHER_WITHOUT_PAGE is set";
  }
  runPackaged("sfdx-lwc-jest", ["--", "--runInBand", "--silent"]);
  return `${tests.length} files of tests`;
}
