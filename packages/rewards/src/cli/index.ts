export { fileReward } from "./fileReward.js";
export { main, type Shell } from "./main.js";
