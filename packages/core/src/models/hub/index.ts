export type { HubError } from "./error.js";
export {
  type FromHubError,
  type FromHubOptions,
  fromHub,
  fromHubTask,
  type HubModel,
  parameterCount,
} from "./fromHub.js";
export { type ToHubOptions, toHub, toHubTask } from "./toHub.js";
