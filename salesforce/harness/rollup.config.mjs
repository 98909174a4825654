/** Builds the component with what Salesforce would bring along (synthetic shadow, base components) into dist/app.js. */
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import lwc from "@lwc/rollup-plugin";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import replace from "@rollup/plugin-replace";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const BUNDLES = path.resolve(HERE, "../force-app/main/default/lwc");
const HOST = path.join(HERE, "src/host/main.js");
const APEX = "@salesforce/apex/";
const UNUSED_ICONS = /^lightning\/iconSvgTemplates(Action|Custom|Doctype|\w*Rtl)/;
const FROM_HERE = /^(lwc$|@lwc\/|lightning\/|c\/|@salesforce\/(?!apex))/;

function bundles() {
  return readdirSync(BUNDLES)
    .map((name) => ({ name: `c/${name}`, path: path.join(BUNDLES, name, `${name}.js`) }))
    .filter((bundle) => existsSync(bundle.path));
}

function shim(name) {
  return { name: `lightning/${name}`, path: path.join(HERE, `src/shims/lightning/${name}.js`) };
}

/** @salesforce/apex/Class.method is a function that asks this harness's server. */
const apex = {
  name: "apex",
  resolveId(id) {
    return id.startsWith(APEX) ? `\0${id}` : null;
  },
  load(id) {
    if (!id.startsWith(`\0${APEX}`)) {
      return null;
    }
    const shims = JSON.stringify(path.join(HERE, "src/shims/apex.js"));
    const method = JSON.stringify(id.slice(APEX.length + 1));
    return `import { method } from ${shims}; export default method(${method});`;
  }
};

/** What a user has set in Salesforce is here what the browser has. */
const I18N = {
  "@salesforce/i18n/locale": "export default navigator.language;",
  "@salesforce/i18n/timeZone": "export default Intl.DateTimeFormat().resolvedOptions().timeZone;"
};
const i18n = {
  name: "i18n",
  resolveId: (id, importer) => (id in I18N && importer?.startsWith(BUNDLES) ? `\0${id}` : null),
  load: (id) => I18N[id.slice(1)] ?? null
};

/** The bundles' imports are resolved as if they stood here. */
const fromHere = {
  name: "from-here",
  resolveId(id, importer) {
    return importer?.startsWith(BUNDLES) && FROM_HERE.test(id) ? this.resolve(id, HOST, { skipSelf: true }) : null;
  }
};

/** Icon sets that nobody here uses are half of the build. */
const fewerIcons = {
  name: "fewer-icons",
  resolveId: (id) => (UNUSED_ICONS.test(id) ? "\0no-icons" : null),
  load: (id) => (id === "\0no-icons" ? "export default {}" : null)
};

export default {
  input: HOST,
  output: { file: path.join(HERE, "dist/app.js"), format: "iife", inlineDynamicImports: true },
  onwarn(warning, warn) {
    const theirs = /lightning-base-components/.test(JSON.stringify(warning.loc ?? warning.message));
    if (!theirs && !/CIRCULAR|THIS_IS_UNDEFINED/.test(warning.code)) {
      warn(warning);
    }
  },
  plugins: [
    fewerIcons,
    apex,
    i18n,
    fromHere,
    replace({
      preventAssignment: true,
      values: {
        "import.meta.env.SSR": "false",
        // synthetic shadow has no attachInternals; Salesforce switches this on where it has
        "features.enableComboboxElementInternals": "false",
        "process.env.NODE_ENV": JSON.stringify("production")
      }
    }),
    lwc({
      rootDir: HERE,
      exclude: ["**/node_modules/cometd/**"], // no component, and newer JavaScript than its compiler takes
      enableDynamicComponents: true,
      modules: [...bundles(), shim("empApi"), { npm: "lightning-base-components" }]
    }),
    nodeResolve({ browser: true })
  ]
};
