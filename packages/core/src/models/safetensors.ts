export type { SafetensorsError } from "./safetensors/header.js";
export { readSafetensors, type SafetensorsFile } from "./safetensors/read.js";
export { joinBytes, writeSafetensors } from "./safetensors/write.js";
