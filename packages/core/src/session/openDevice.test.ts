import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { openDevice, openDeviceTask } from "./openDevice.js";

const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
const hasCuda = existsSync(join(runtime, "bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so"));

describe("openDevice", () => {
  it("opens the CPU by default", async () => {
    const device = await openDevice();
    expect(device.name).toBe("cpu");
    await device.close();
  });

  it("throws the tagged error of the task", async () => {
    await expect(openDevice({ threads: 0 })).rejects.toMatchObject({ _tag: "BadOption" });
  });
});

describe.each(["worker", "main"] as const)("openDevice on the %s thread", (thread) => {
  it.skipIf(hasCuda)("says what would bring cuda where it was asked for and is absent", async () => {
    const result = await openDeviceTask({ device: "cuda", thread })();
    expect(result).toMatchObject({ left: { _tag: "DeviceUnavailable", device: "cuda" } });
    const message = E.isLeft(result) ? result.left.message : "";
    expect(message).toContain('device "cuda" is not available here');
    if (process.platform === "linux" && process.arch === "x64")
      expect(message).toContain("ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js");
    expect(message.split("\n")).toHaveLength(1);
  });

  it("says what there is where a provider is unknown: it never goes on without it", async () => {
    const result = await openDeviceTask({ device: "abacus", thread })();
    expect(result).toMatchObject({ left: { _tag: "DeviceUnavailable", device: "abacus" } });
    expect(E.isLeft(result) && result.left.message).toMatch(/this build of ONNX Runtime has cpu/);
  });

  it("says once what auto chose", async () => {
    const lines: string[] = [];
    const device = await openDevice({ device: "auto", thread, log: (line) => lines.push(line) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(device.name === "cuda" ? /^device auto: using cuda/ : /^device auto: using cpu, since/);
    await device.close();
  });
});
