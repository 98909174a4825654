/**
 * Every -meta.xml against the types of the Metadata API: elements that do not exist, wrong values of an enumeration,
 * what is missing, what is there twice. Each file becomes a TypeScript literal, which the compiler checks.
 */
import path from "node:path";
import { readFileSync } from "node:fs";
import { XMLParser } from "fast-xml-parser";
import ts from "typescript";
import { files, PROJECT, relative, SOURCE } from "./project.mjs";

export const title = "metadata types (@salesforce/types)";

// In XML every element may be repeated and every value is text: an element is a list, of one where it may stand once.
const SHAPE = `
import type * as metadata from "@salesforce/types/metadata";
type Value<T> = 0 extends 1 & T ? unknown
  : T extends string ? T
  : T extends number | boolean ? \`\${T}\`
  : Element<T>;
type Once<T> = T extends unknown[] ? never : T;
type Item<T> = T extends (infer U)[] ? U : never;
type Element<T> =
  & { [K in keyof T as K extends "targetConfigs" ? never : undefined extends T[K] ? never : T[K] extends unknown[] ? never : K]: [Value<Once<T[K]>>] }
  & { [K in keyof T as undefined extends T[K] ? K : never]?: [Value<NonNullable<T[K]>>] }
  & { [K in keyof T as T[K] extends unknown[] ? K : never]?: Value<Item<T[K]>>[] }
  & { targetConfigs?: unknown };
`;
const OPTIONS = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: []
};
const parser = new XMLParser({ isArray: () => true, parseTagValue: false, ignoreAttributes: true });

export function check() {
  const sources = new Map(files(SOURCE, (file) => file.endsWith("-meta.xml")).map((file) => [`${file}.ts`, file]));
  const program = ts.createProgram([...sources.keys()], OPTIONS, hostOf(sources));
  const wrong = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const place = file ? relative(file.fileName.replace(/\.ts$/, "")) : "";
    return `${place}: ${ts.flattenDiagnosticMessageText(messageText, "\n  ")}`;
  });
  if (wrong.length) {
    throw new Error(wrong.join("\n"));
  }
  return `${sources.size} files`;
}

/** The files of this machine, and one in memory for each -meta.xml. */
function hostOf(sources) {
  const host = ts.createCompilerHost(OPTIONS);
  const { fileExists, getSourceFile } = host;
  host.getCurrentDirectory = () => PROJECT;
  host.fileExists = (name) => sources.has(path.normalize(name)) || fileExists(name);
  host.getSourceFile = (name, language, ...more) =>
    sources.has(path.normalize(name))
      ? ts.createSourceFile(name, literalOf(sources.get(path.normalize(name))), language)
      : getSourceFile(name, language, ...more);
  return host;
}

function literalOf(file) {
  const root = parser.parse(readFileSync(file, "utf8"));
  const type = Object.keys(root).find((name) => name !== "?xml");
  return `${SHAPE}export const element: Element<metadata.${type}> = ${JSON.stringify(root[type][0])};`;
}
