export { dataProblem } from "./checkData.js";
export * from "./client.js";
export * from "./engineError.js";
export { type TinkerClientOptions, tinkerClientDefaults } from "./options.js";
export { splitBatch } from "./split.js";
export { readTar } from "./tar.js";
export { tinkerClient } from "./tinkerClient.js";
