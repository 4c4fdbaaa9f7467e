export type { Shell } from "./command.js";
export { fileReward } from "./fileReward.js";
export { main } from "./main.js";
