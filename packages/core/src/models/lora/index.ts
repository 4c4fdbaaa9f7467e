export { type LoadedAdapter, loadAdapter, loadAdapterTask } from "./loadAdapter.js";
export { type MergeAdapterOptions, mergeAdapter } from "./mergeAdapter.js";
export { type LoraOptions, loraDefaults } from "./options.js";
export { type SaveAdapterOptions, saveAdapter, saveAdapterTask } from "./saveAdapter.js";
