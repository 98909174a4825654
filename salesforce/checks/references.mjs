/**
 * Names in metadata lead somewhere: no type says so, and a deployment would fail with them. Standard objects and
 * permissions are not looked up.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { XMLParser } from "fast-xml-parser";
import { files, relative, SOURCE } from "./project.mjs";

export const title = "names within the metadata";
const MAIN = path.join(SOURCE, "main/default");
const parser = new XMLParser({ isArray: (name, where) => where.includes("."), parseTagValue: false });
let looked = 0;

export function check() {
  looked = 0;
  const wrong = [
    ...of("permissionset").flatMap(({ file, content }) => [
      ...names(content.classAccesses, "apexClass").flatMap((name) => exists(file, `classes/${name}.cls`)),
      ...names(content.tabSettings, "tab").flatMap((name) => exists(file, `tabs/${name}.tab-meta.xml`)),
      ...names(content.applicationVisibilities, "application").flatMap((name) =>
        exists(file, `applications/${name}.app-meta.xml`)
      ),
      ...names(content.customMetadataTypeAccesses, "name").flatMap((name) => objectExists(file, name)),
      ...names(content.objectPermissions, "object").flatMap((name) => objectExists(file, name)),
      ...names(content.externalCredentialPrincipalAccesses, "externalCredentialPrincipal").flatMap((name) =>
        isAmong(file, name, principals())
      )
    ]),
    ...of("tab").flatMap(({ file, content }) => exists(file, `flexipages/${content.flexiPage}.flexipage-meta.xml`)),
    ...of("app").flatMap(({ file, content }) =>
      [...content.tabs, ...content.defaultLandingTab].flatMap((name) => exists(file, `tabs/${name}.tab-meta.xml`))
    ),
    ...of("flexipage").flatMap(({ file, text }) =>
      matches(text, /<componentName>c:(\w+)/g).flatMap((name) => pageIs(file, name))
    ),
    ...of("namedCredential").flatMap(({ file, text }) =>
      matches(text, /<externalCredential>(\w+)/g).flatMap((name) =>
        exists(file, `externalCredentials/${name}.externalCredential-meta.xml`)
      )
    ),
    ...of("externalCredential").flatMap(({ file, text }) =>
      matches(text, /\$Credential\.(\w+)\./g).flatMap((name) => isAmong(file, name, [nameOf(file)]))
    ),
    ...of("md").flatMap(({ file, content }) =>
      names(content.values, "field").flatMap((name) =>
        exists(file, `objects/${nameOf(file).split(".")[0]}__mdt/fields/${name}.field-meta.xml`)
      )
    ),
    ...files(SOURCE, (file) => file.endsWith(".cls")).flatMap((file) =>
      matches(readFileSync(file, "utf8"), /'callout:(\w+)'/g).flatMap((name) =>
        exists(file, `namedCredentials/${name}.namedCredential-meta.xml`)
      )
    )
  ];
  if (wrong.length) {
    throw new Error(wrong.join("\n"));
  }
  return `${looked} of them`;
}

/** {file, text, content} of each file of a kind; below the root every element of `content` is a list. */
function of(kind) {
  return files(SOURCE, (file) => file.endsWith(`.${kind}-meta.xml`)).map((file) => {
    const text = readFileSync(file, "utf8");
    const root = parser.parse(text);
    return { file, text, content: root[Object.keys(root).find((name) => name !== "?xml")] };
  });
}

function names(elements = [], key) {
  return elements.flatMap((element) => element[key]);
}

function matches(text, pattern) {
  return [...text.matchAll(pattern)].map((found) => found[1]);
}

function nameOf(file) {
  return path.basename(file).replace(/\.\w+-meta\.xml$/, "");
}

function principals() {
  return of("externalCredential").flatMap(({ file, content }) =>
    content.externalCredentialParameters
      .filter((parameter) => parameter.parameterType[0] === "NamedPrincipal")
      .map((parameter) => `${nameOf(file)}-${parameter.parameterName[0]}`)
  );
}

function exists(file, wanted) {
  return isAmong(file, wanted, existsSync(path.join(MAIN, wanted)) ? [wanted] : []);
}

function objectExists(file, name) {
  return /__\w+$/.test(name) ? exists(file, `objects/${name}/${name}.object-meta.xml`) : [];
}

function pageIs(file, name) {
  return exists(file, `lwc/${name}/${name}.js`);
}

function isAmong(file, name, known) {
  looked += 1;
  return known.includes(name) ? [] : [`${relative(file)} names ${name}, which is not here`];
}
