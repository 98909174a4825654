/** Before each file of tests. */
const { registerSa11yMatcher } = require("@sa11y/jest");

registerSa11yMatcher();

/** jsdom has none; the component is as wide as a desktop's. */
global.ResizeObserver = class {
  observe() {}
  disconnect() {}
};

afterEach(() => {
  document.body.replaceChildren();
  jest.clearAllMocks();
});
