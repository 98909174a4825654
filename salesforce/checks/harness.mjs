/**
 * The harness shows the page outside Salesforce and stands in for Apex there: it must speak as Apex does. And the
 * settings are the same wherever they have a value: in Apex, in the record Default, as a new record's, in the harness.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { callsOfPage, methodsOfApex } from "./apexCalls.mjs";
import { PROJECT, SOURCE } from "./project.mjs";

export const title = "settings, and the harness in Apex's place";
const MAIN = path.join(SOURCE, "main/default");
const SERVER = path.join(PROJECT, "harness/server");

export async function check() {
  const settings = settingsOfApex();
  const wrong = [...settings.values()].flatMap(differencesOfSetting);
  wrong.push(...(await differencesOfActions()), ...wordsThatApexHasNot());
  wrong.push(...(await differencesOfMethods()), ...(await differencesOfSettings(settings)));
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

async function differencesOfActions() {
  const text = read("classes/ScratcherFailure.cls");
  const constants = new Map([...text.matchAll(/String (\w+) = '(.*)';/g)].map(([, name, words]) => [name, words]));
  const lines = [...text.matchAll(/'(\w+)' => (?:'(.*)'|(\w+))/g)];
  if (!lines.length) {
    throw new Error("ScratcherFailure.cls names no action");
  }
  const apex = Object.fromEntries(lines.map(([, code, words, constant]) => [code, words ?? constants.get(constant)]));
  const { ACTIONS: harness } = await import(path.join(SERVER, "failures.mjs"));
  return [...new Set([...Object.keys(apex), ...Object.keys(harness)])]
    .filter((code) => apex[code] !== harness[code])
    .map((code) => `${code}: Apex says "${apex[code]}", the harness "${harness[code]}"`);
}

/** Of the harness's sentences about failures, the pieces between the values in them. */
function wordsThatApexHasNot() {
  const apex = ["ScratcherFailure", "ScratcherAnswer"].map((name) => read(`classes/${name}.cls`)).join();
  const text = readFileSync(path.join(SERVER, "failures.mjs"), "utf8");
  const source = ts.createSourceFile("failures.mjs", text, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS);
  const pieces = [];
  const visit = (node) => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      pieces.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return pieces
    .filter((piece) => /\w \w/.test(piece) && !apex.includes(piece.replaceAll("'", "\\'")))
    .map((piece) => `the harness says "${piece}", which Apex says nowhere`);
}

/** The harness has exactly the methods that the page calls, and Apex has them too. */
async function differencesOfMethods() {
  const { apexMethods } = await import(path.join(SERVER, "apex.mjs"));
  const [harness, apex] = [Object.keys(apexMethods({})), methodsOfApex()];
  const called = new Set(callsOfPage().map((call) => call.method));
  return [
    ...harness.filter((method) => !apex.has(method)).map((method) => `the harness has ${method}, which Apex has not`),
    ...harness.filter((method) => !called.has(method)).map((method) => `the harness has ${method}, which nobody calls`),
    ...[...called]
      .filter((method) => !harness.includes(method))
      .map((method) => `the page calls ${method}, which the harness has not`)
  ];
}

async function differencesOfSettings(settings) {
  const { SETTINGS } = await import(path.join(SERVER, "apex.mjs"));
  return [...new Set([...settings.keys(), ...Object.keys(SETTINGS)])]
    .filter((name) => settings.get(name)?.value !== SETTINGS[name])
    .map((name) => `${name} is ${settings.get(name)?.value} in Apex and ${SETTINGS[name]} in the harness`);
}

function read(file) {
  return readFileSync(path.join(MAIN, file), "utf8");
}
