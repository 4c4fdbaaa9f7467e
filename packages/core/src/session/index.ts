export type { Device } from "./device.js";
export type { CompileOptions, DeviceOptions } from "./deviceOptions.js";
export type { Kernel } from "./kernel.js";
export { openDevice, openDeviceTask } from "./openDevice.js";
export type { InputProblem, OptionProblem, SessionError } from "./sessionError.js";
