export { type ClipCispoOptions, clipCispo, clipCispoDefaults } from "./clipCispo.js";
export { type ClipGeometricOptions, clipGeometric, clipGeometricDefaults } from "./clipGeometric.js";
export * from "./clipNone.js";
export { type ClipPpoOptions, clipPpo, clipPpoDefaults } from "./clipPpo.js";
export * from "./clipRule.js";
export { type ClipSapoOptions, clipSapo, clipSapoDefaults } from "./clipSapo.js";
export * from "./preClip.js";
export * from "./scoreFunction.js";
