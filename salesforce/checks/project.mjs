/** Where things are, and the running of programs. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

export const PROJECT = path.resolve(import.meta.dirname, "..");
export const SOURCE = path.join(PROJECT, "force-app");

/** Files below `folder` whose path `matches`; the tests of components only if asked for: they are not deployed. */
export function files(folder, matches, { tests = false } = {}) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => matches(file) && tests === file.includes("__tests__"))
    .sort();
}

export function relative(file) {
  return path.relative(PROJECT, file);
}

/** Runs a program in the project; throws with what it printed where it fails. */
export function run(program, args) {
  const done = spawnSync(program, args, { cwd: PROJECT, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (done.error) {
    throw done.error;
  }
  if (done.status !== 0) {
    throw new Error(`${done.stdout}${done.stderr}`.trim() || `${program} ended with ${done.status}`);
  }
  return done.stdout;
}

/** Runs a program that came with npm. */
export function runPackaged(name, args) {
  return run(path.join(PROJECT, "node_modules", ".bin", name), args);
}
