import { type Tagged, tagged } from "../errors.js";

/** An option that cannot be. */
export interface OptionProblem {
  readonly field: string;
  readonly given: string;
  readonly wanted: string;
}

/** An input that does not fit a kernel. */
export interface InputProblem {
  readonly input: string;
  readonly given: string;
  readonly wanted: string;
}

/** What a device can refuse or fail at. */
export type SessionError =
  | Tagged<"BadOption", { readonly problems: readonly OptionProblem[] }>
  | Tagged<"DeviceUnavailable", { readonly device: string; readonly reason: string }>
  | Tagged<"DeviceClosed", { readonly device: string }>
  | Tagged<"DeviceLost", { readonly device: string; readonly reason: string }>
  | Tagged<"CompileFailed", { readonly kernel: string; readonly reason: string }>
  | Tagged<"BadInput", { readonly kernel: string; readonly problems: readonly InputProblem[] }>
  | Tagged<"RunFailed", { readonly kernel: string; readonly reason: string }>;

const cudaAdvice =
  'CUDA needs Linux x64, an NVIDIA GPU with its driver, CUDA 12 and cuDNN 9, and a provider that npm does not bring; install it once by "ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js". ';

export const badOption = (where: string, problems: readonly OptionProblem[]): SessionError => {
  const lines = problems.map(({ field, given, wanted }) => `${where}: ${field} is ${given}, wanted ${wanted}`);
  return tagged("BadOption", lines.join("\n"), { problems });
};

export const deviceUnavailable = (device: string, reason: string): SessionError => {
  const advice = device === "cuda" ? cudaAdvice : "";
  const way = device === "cpu" ? "Is onnxruntime-node installed for this platform?" : 'device: "cpu" works everywhere.';
  return tagged("DeviceUnavailable", `device "${device}" is not available here (${reason}). ${advice}${way}`, {
    device,
    reason,
  });
};

export const deviceClosed = (device: string): SessionError =>
  tagged("DeviceClosed", `device "${device}" is closed: open another one`, { device });

export const deviceLost = (device: string, reason: string): SessionError =>
  tagged("DeviceLost", `the worker thread of device "${device}" is gone (${reason}): open another device`, {
    device,
    reason,
  });

export const compileFailed = (kernel: string, reason: string): SessionError =>
  tagged("CompileFailed", `kernel "${kernel}" does not compile: ${reason}`, { kernel, reason });

export const runFailed = (kernel: string, reason: string): SessionError =>
  tagged("RunFailed", `kernel "${kernel}" failed while running: ${reason}`, { kernel, reason });

export const badInput = (kernel: string, problems: readonly InputProblem[]): SessionError => {
  const lines = problems.map(({ input, given, wanted }) => `  input "${input}": ${given} given, ${wanted} wanted`);
  return tagged("BadInput", [`kernel "${kernel}" cannot run with these inputs:`, ...lines].join("\n"), {
    kernel,
    problems,
  });
};
