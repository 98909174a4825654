import { runPackaged } from "./project.mjs";

export const title = "JavaScript (eslint)";

export function check() {
  runPackaged("eslint", ["--max-warnings", "0", "."]);
  return "no findings";
}
