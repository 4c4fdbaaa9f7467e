import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { checkCompileOptions, checkDeviceOptions, runtimeOptions } from "./deviceOptions.js";

describe("device options", () => {
  it("pass when they are right, absent or undefined", () => {
    const options = { device: "webgpu", threads: 3, thread: "main", log: () => {} } as const;
    expect(checkDeviceOptions(options)).toEqual(E.right(options));
    expect(E.isRight(checkDeviceOptions({}))).toBe(true);
    expect(E.isRight(checkDeviceOptions({ threads: undefined } as object))).toBe(true);
  });

  it("are refused all at once, each with its field, what was given and what was wanted", () => {
    const options = { device: "", threads: 1.5, thread: "fiber", log: 3, device_: 1 } as object;
    const result = checkDeviceOptions(options);
    expect(result).toMatchObject({ left: { _tag: "BadOption" } });
    expect(E.isLeft(result) && result.left.message.split("\n")).toEqual([
      'openDevice: device is "", wanted "cpu", "cuda", "auto" or the name of an execution provider',
      "openDevice: threads is 1.5, wanted a whole number above 0",
      'openDevice: thread is "fiber", wanted "worker" or "main"',
      "openDevice: log is 3, wanted a function",
      "openDevice: device_ is not an option, wanted one of device, threads, thread, log",
    ]);
  });

  it("refuse zero, negative and unlimited threads", () => {
    for (const threads of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(checkDeviceOptions({ threads })).toMatchObject({ left: { problems: [{ field: "threads" }] } });
  });
});

describe("compile options", () => {
  it("name the field that is wrong", () => {
    expect(checkCompileOptions({ optimization: "most", memoryArena: 1 } as object)).toMatchObject({
      left: {
        problems: [
          { field: "optimization", given: '"most"' },
          { field: "memoryArena", given: "1" },
        ],
      },
    });
  });

  it("become ONNX Runtime's options", () => {
    expect(runtimeOptions({ optimization: "basic", memoryPattern: false }, 2)).toEqual({
      graphOptimizationLevel: "basic",
      enableMemPattern: false,
      enableCpuMemArena: true,
      executionMode: "sequential",
      logSeverityLevel: 3,
      intraOpNumThreads: 2,
    });
    expect(runtimeOptions({}, undefined)).toMatchObject({ graphOptimizationLevel: "all", enableMemPattern: true });
  });
});
