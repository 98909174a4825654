/**
 * The harness shows the page outside Salesforce and stands in for Apex there: it must speak as Apex does. And the
 * settings are the same wherever they have a value: in Apex, in the record Default, as a new record's, in the harness.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { methodsOf } from "./apexCalls.mjs";
import { files, PROJECT, SOURCE } from "./project.mjs";

export const title = "settings, and the harness in Apex's place";
const MAIN = path.join(SOURCE, "main/default");
const SERVER = path.join(PROJECT, "harness/server");

export async function check() {
  const settings = settingsOfApex();
  const wrong = [...settings.values()].flatMap(differencesOfSetting);
  wrong.push(...(await differencesOfWords()), ...(await differencesOfMethods(settings)));
  if (wrong.length) {
    throw new Error(wrong.join("\n"));
  }
  return `${settings.size} settings and the harness`;
}

/** {name, field, value} by name: what Apex takes where the record says nothing. */
function settingsOfApex() {
  const text = read("classes/ScratcherSettings.cls");
  const numbers = [...text.matchAll(/(\w+) = within\(\w+, \d+, numberOf\(chosen\?\.(\w+), (\d+)\)\);/g)];
  const switches = [...text.matchAll(/(\w+) = chosen\?\.(\w+) != false;/g)];
  return new Map([
    ...numbers.map(([, name, field, value]) => [name, { name, field, value: Number(value) }]),
    ...switches.map(([, name, field]) => [name, { name, field, value: true }])
  ]);
}

function differencesOfSetting({ name, field, value }) {
  const asNew = /<defaultValue>(.*)</.exec(read(`objects/Scratcher_Settings__mdt/fields/${field}.field-meta.xml`));
  const record = new RegExp(`<field>${field}</field>\\s*<value[^>]*>(.*)</value>`).exec(
    read("customMetadata/Scratcher_Settings.Default.md-meta.xml")
  );
  return [
    ["a new record", asNew?.[1]],
    ["the record Default", record?.[1]]
  ]
    .filter(([, text]) => text === undefined || JSON.parse(text) !== value)
    .map(([where, text]) => `${name} is ${value} in Apex and ${text} in ${where}`);
}

async function differencesOfWords() {
  const text = read("classes/ScratcherFailure.cls");
  const constants = new Map([...text.matchAll(/String (\w+) = '(.*)';/g)].map(([, name, words]) => [name, words]));
  const actions = [...text.matchAll(/'(\w+)' => (?:'(.*)'|(\w+))/g)];
  if (!actions.length) {
    throw new Error("ScratcherFailure.cls names no action");
  }
  const { failure } = await import(path.join(SERVER, "failures.mjs"));
  return actions
    .map(([, code, words, constant]) => ({
      code,
      apex: words ?? constants.get(constant),
      harness: failure(code, "").action
    }))
    .filter(({ apex, harness }) => apex !== harness)
    .map(({ code, apex, harness }) => `${code}: Apex says "${apex}", the harness "${harness}"`);
}

async function differencesOfMethods(settings) {
  const { apexMethods, SETTINGS } = await import(path.join(SERVER, "apex.mjs"));
  const known = new Map(files(SOURCE, (file) => file.endsWith(".cls")).flatMap(methodsOf));
  const strangers = Object.keys(apexMethods({})).filter((method) => !known.has(method));
  const names = new Set([...settings.keys(), ...Object.keys(SETTINGS)]);
  return [
    ...strangers.map((method) => `the harness has ${method}, which Apex has not`),
    ...[...names]
      .filter((name) => settings.get(name)?.value !== SETTINGS[name])
      .map((name) => `${name} is ${settings.get(name)?.value} in Apex and ${SETTINGS[name]} in the harness`)
  ];
}

function read(file) {
  return readFileSync(path.join(MAIN, file), "utf8");
}
