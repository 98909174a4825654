/**
 * The source becomes what the Metadata API deploys, package.xml included, by the CLI's own converter; no source is
 * left out, and the address that an admin names stands where the placeholder was.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { files, PROJECT, relative, SOURCE } from "./project.mjs";

process.env.SF_DISABLE_LOG_FILE = "true"; // read when the packages are loaded
process.env.SF_DISABLE_TELEMETRY = "true";
const { ComponentSet, ForceIgnore, MetadataConverter } = await import("@salesforce/source-deploy-retrieve");

export const title = "conversion to what is deployed";
const PLACEHOLDER = "https://scratcher.example.com";
const ADDRESS = "https://conversion.example.org";

export async function check() {
  const components = ComponentSet.fromSource(SOURCE);
  const folder = mkdtempSync(path.join(os.tmpdir(), "scratcher-convert-"));
  process.env.SCRATCHER_URL = ADDRESS;
  process.env.SF_APPLY_REPLACEMENTS_ON_CONVERT = "true"; // else only a deployment replaces
  process.chdir(PROJECT); // the converter looks for sfdx-project.json from here
  try {
    await new MetadataConverter().convert(components, "metadata", {
      type: "directory",
      outputDirectory: folder,
      genUniqueDir: false
    });
    const wrong = [...leftOut(components), ...wrongAddresses(folder), ...missingTypes(folder)];
    if (wrong.length) {
      throw new Error(wrong.join("\n"));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return `${components.size} components`;
}

function leftOut(components) {
  const taken = new Set(
    [...components.getSourceComponents()].flatMap((component) => [
      component.xml,
      ...component.walkContent(),
      ...component.getChildren().map((child) => child.xml)
    ])
  );
  const ignored = ForceIgnore.findAndCreate(PROJECT);
  return files(SOURCE, (file) => ignored.accepts(file) && !taken.has(file)).map(
    (file) => `${relative(file)} is part of no component`
  );
}

function wrongAddresses(folder) {
  const texts = files(folder, () => true).map((file) => [file, readFileSync(file, "utf8")]);
  const replaced = texts.filter(([, text]) => text.includes(ADDRESS));
  return [
    ...texts
      .filter(([, text]) => text.includes(PLACEHOLDER))
      .map(([file]) => `${path.relative(folder, file)} is deployed with the placeholder ${PLACEHOLDER}`),
    ...(replaced.length === 3 ? [] : [`SCRATCHER_URL came into ${replaced.length} files; there are 3 for it`])
  ];
}

/** Each folder of the source stands in package.xml. */
function missingTypes(folder) {
  const manifest = readFileSync(path.join(folder, "package.xml"), "utf8");
  const types = ["ApexClass", "CspTrustedSite", "CustomApplication", "CustomMetadata", "CustomObject", "CustomTab"];
  return [...types, "ExternalCredential", "FlexiPage", "NamedCredential", "PermissionSet", "RemoteSiteSetting"]
    .filter((type) => !manifest.includes(`<name>${type}</name>`))
    .map((type) => `package.xml names no ${type}`);
}
