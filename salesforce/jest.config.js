const { jestConfig } = require("@salesforce/sfdx-lwc-jest/config");

module.exports = {
  ...jestConfig,
  moduleNameMapper: { ...jestConfig.moduleNameMapper, "^answers$": "<rootDir>/jest/answers.js" },
  setupFilesAfterEnv: ["<rootDir>/jest/setup.js"],
  testPathIgnorePatterns: ["<rootDir>/node_modules/", "<rootDir>/harness/"],
  collectCoverageFrom: ["force-app/main/default/lwc/**/*.js", "!**/__tests__/**"]
};
