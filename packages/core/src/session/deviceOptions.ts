import { availableParallelism, cpus } from "node:os";
import * as E from "fp-ts/Either";
import type { RuntimeOptions } from "./protocol.js";
import { badOption, type OptionProblem, type SessionError } from "./sessionError.js";

/** How a device is opened. */
export interface DeviceOptions {
  /**
   * `cpu` (default), `cuda`, `auto` (cuda where it is there, else cpu) or another execution provider by ONNX Runtime's
   * name (`webgpu`, `coreml`, `dml`, ...).
   */
  readonly device?: "cpu" | "cuda" | "auto" | (string & {});
  /**
   * Threads that compute one operator. Default: ONNX Runtime's choice (one a physical core), or as many as this
   * process may use where that is less than the machine has. Set it in a container with a CPU quota.
   */
  readonly threads?: number;
  /** Where kernels run: in a `worker` thread (default), so that the caller's goes on meanwhile, or in the caller's: `main`. */
  readonly thread?: "worker" | "main";
  /** Gets the line that says what `auto` chose. */
  readonly log?: (line: string) => void;
}

/** How a model is compiled; the defaults suit most graphs. */
export interface CompileOptions {
  /** ONNX Runtime's graph optimizations; `all` by default. */
  readonly optimization?: RuntimeOptions["graphOptimizationLevel"];
  /** Plans memory from the first run's shapes (default); `false` keeps the peak of a large update lower. */
  readonly memoryPattern?: boolean;
  /** Keeps freed CPU memory for the next run (default); `false` gives it back, and is slower. */
  readonly memoryArena?: boolean;
}

type Rules<Options> = {
  readonly [Field in keyof Options]-?: { readonly wanted: string; readonly fits: (value: unknown) => boolean };
};

const oneOf = (...values: readonly string[]) => ({
  wanted: values.map((value) => `"${value}"`).join(" or "),
  fits: (value: unknown): boolean => values.includes(value as string),
});

const flag = { wanted: "true or false", fits: (value: unknown): boolean => typeof value === "boolean" };

const deviceRules: Rules<DeviceOptions> = {
  device: {
    wanted: '"cpu", "cuda", "auto" or the name of an execution provider',
    fits: (value) => typeof value === "string" && value !== "",
  },
  threads: { wanted: "a whole number above 0", fits: (value) => Number.isInteger(value) && (value as number) > 0 },
  thread: oneOf("worker", "main"),
  log: { wanted: "a function", fits: (value) => typeof value === "function" },
};

const compileRules: Rules<CompileOptions> = {
  optimization: oneOf("disabled", "basic", "extended", "layout", "all"),
  memoryPattern: flag,
  memoryArena: flag,
};

const shown = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : String(value));

const check = <Options extends object>(
  where: string,
  rules: Rules<Options>,
  options: Options,
): E.Either<SessionError, Options> => {
  const known: Readonly<Record<string, { wanted: string; fits: (value: unknown) => boolean }>> = rules;
  const problems = Object.entries(options).flatMap(([field, value]): readonly OptionProblem[] => {
    const rule = Object.hasOwn(known, field) ? known[field] : undefined;
    if (rule === undefined)
      return [{ field, given: "not an option", wanted: `one of ${Object.keys(known).join(", ")}` }];
    return value === undefined || rule.fits(value) ? [] : [{ field, given: shown(value), wanted: rule.wanted }];
  });
  return problems.length === 0 ? E.right(options) : E.left(badOption(where, problems));
};

/** The options of a device, or everything that is wrong with them. */
export const checkDeviceOptions = (options: DeviceOptions): E.Either<SessionError, DeviceOptions> =>
  check("openDevice", deviceRules, options);

/** The options of a kernel, or everything that is wrong with them. */
export const checkCompileOptions = (options: CompileOptions): E.Either<SessionError, CompileOptions> =>
  check("compile", compileRules, options);

/** The number of threads to ask for, if ONNX Runtime is not to choose it. */
const threadsOf = (threads: number | undefined): { readonly intraOpNumThreads?: number } => {
  if (threads !== undefined) return { intraOpNumThreads: threads };
  const usable = availableParallelism();
  return usable < cpus().length ? { intraOpNumThreads: usable } : {};
};

/** Options of ONNX Runtime for a session. */
export const runtimeOptions = (options: CompileOptions, threads: number | undefined): RuntimeOptions => ({
  graphOptimizationLevel: options.optimization ?? "all",
  enableMemPattern: options.memoryPattern ?? true,
  enableCpuMemArena: options.memoryArena ?? true,
  executionMode: "sequential",
  logSeverityLevel: 3,
  ...threadsOf(threads),
});
