export { type Isolated, isolated } from "./isolated.js";
export { type IsolatedOptions, isolatedDefaults } from "./options.js";
