export type { SafetensorsError } from "./header.js";
export { readSafetensors, type SafetensorsFile } from "./read.js";
export { joinBytes, writeSafetensors } from "./write.js";
