/**
 * The page and Apex agree: every `@salesforce/apex/Class.method` that the page imports is an @AuraEnabled method, is
 * called with an object literal that names exactly its parameters, and is cacheable where it is wired.
 */
import { readFileSync } from "node:fs";
import ts from "typescript";
import { files, relative, SOURCE } from "./project.mjs";

export const title = "what the page calls in Apex";
const METHOD = /@AuraEnabled(\([^)]*\))?\s+(?:public|global)\s+static\s+[\w<>, .]+?\s+(\w+)\s*\(([^)]*)\)/g;

export function check() {
  const methods = methodsOfApex();
  const calls = callsOfPage();
  const wrong = calls.length ? calls.flatMap((call) => complaint(call, methods)) : ["no call of Apex was found"];
  if (wrong.length) {
    throw new Error(wrong.join("\n"));
  }
  return `${calls.length} calls of ${new Set(calls.map((call) => call.method)).size} methods`;
}

/** {parameters, cacheable} of each @AuraEnabled method, by "Class.method". */
export function methodsOfApex() {
  return new Map(files(SOURCE, (file) => file.endsWith(".cls")).flatMap(methodsOf));
}

/** {place, method, wired, given} of each use of an imported method; given: names, or null where they cannot be read. */
export function callsOfPage() {
  return files(SOURCE, (file) => /\/lwc\/.*\.js$/.test(file)).flatMap(callsOf);
}

function methodsOf(file) {
  const name = /(\w+)\.cls$/.exec(file)[1];
  return [...readFileSync(file, "utf8").matchAll(METHOD)].map(([, options = "", method, parameters]) => [
    `${name}.${method}`,
    {
      cacheable: /cacheable\s*=\s*true/i.test(options),
      parameters: parameters
        .replace(/<[^>]*>/g, "")
        .split(",")
        .map((one) => one.trim().split(/\s+/).pop())
        .filter(Boolean)
    }
  ]);
}

function callsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const imported = importsOf(source);
  const calls = [];
  const visit = (node) => {
    if (ts.isCallExpression(node)) {
      const [first, second] = node.arguments;
      if (imported.has(node.expression.text)) {
        calls.push({ method: imported.get(node.expression.text), wired: false, given: namesOf(first), ...at(node) });
      } else if (node.expression.text === "wire" && imported.has(first?.text)) {
        calls.push({ method: imported.get(first.text), wired: true, given: namesOf(second), ...at(node) });
      }
    }
    ts.forEachChild(node, visit);
  };
  const at = (node) => ({
    place: `${relative(file)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
  });
  visit(source);
  const used = new Set(calls.map((call) => call.method));
  const unseen = [...imported.values()].filter((method) => !used.has(method));
  return [...calls, ...unseen.map((method) => ({ method, wired: false, given: null, place: relative(file) }))];
}

function importsOf(source) {
  const prefix = "@salesforce/apex/";
  return new Map(
    source.statements
      .filter((one) => ts.isImportDeclaration(one) && one.moduleSpecifier.text.startsWith(prefix))
      .map((one) => [one.importClause.name.text, one.moduleSpecifier.text.slice(prefix.length)])
  );
}

function namesOf(argument) {
  if (!argument) {
    return [];
  }
  const literal = ts.isObjectLiteralExpression(argument) && argument.properties.every((one) => one.name?.text);
  return literal ? argument.properties.map((one) => one.name.text) : null;
}

function complaint({ place, method, wired, given }, methods) {
  const found = methods.get(method);
  if (!found) {
    return [`${place}: there is no @AuraEnabled method ${method}`];
  }
  if (!given) {
    return [`${place}: call ${method} here, with an object literal, so that its parameters can be compared`];
  }
  const expected = found.parameters.join(", ");
  if ([...given].sort().join() !== [...found.parameters].sort().join()) {
    return [`${place}: ${method} takes (${expected}) and is given (${given.join(", ")})`];
  }
  return wired && !found.cacheable ? [`${place}: ${method} is wired and not cacheable`] : [];
}
