import { runPackaged } from "./project.mjs";

export const title = "format (prettier)";

export function check() {
  runPackaged("prettier", ["--check", "--log-level=warn", "."]);
  return "everything is formatted";
}
