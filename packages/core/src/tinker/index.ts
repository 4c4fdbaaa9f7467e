export * from "./client.js";
export * from "./engineError.js";
