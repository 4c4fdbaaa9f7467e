export * from "./advantage.js";
export * from "./groupRelative.js";
