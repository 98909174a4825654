import js from "@eslint/js";
import lwc from "@salesforce/eslint-config-lwc/recommended.js";
import jest from "eslint-plugin-jest";
import globals from "globals";

export default [
  { ignores: ["node_modules/", "coverage/", "**/dist/", "**/build/"] },
  ...[lwc].flat().map((config) => ({ ...config, files: ["force-app/**/lwc/**/*.js"] })),
  {
    ...jest.configs["flat/recommended"],
    files: ["force-app/**/lwc/**/__tests__/**/*.js"]
  },
  {
    files: ["force-app/**/lwc/**/__tests__/**/*.js"],
    languageOptions: { globals: { ...globals.jest, ...globals.node } }
  },
  {
    ...js.configs.recommended,
    files: ["*.js", "*.mjs", "checks/**/*.mjs", "harness/**/*.{js,mjs}"],
    languageOptions: { globals: { ...globals.node, ...globals.browser } }
  }
];
