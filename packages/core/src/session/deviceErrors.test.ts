import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { closeDevicesAfterAll, deviceOn, modelOf, run } from "../../test/sessions.js";
import { toPromise } from "../errors.js";
import { add, mul } from "../graph/ops/elementwise.js";
import { input } from "../graph/ops/op.js";
import { gather } from "../graph/ops/select.js";
import { float32, int32 } from "../tensor.js";
import { deviceOf } from "./device.js";
import { openDevice } from "./openDevice.js";
import { workerLink } from "./workerLink.js";

const x = input("x", "float32", ["rows", 2]);
const doubled = modelOf("doubled", { y: add(x, x) });
const scaled = modelOf("scaled", { y: mul(x, input("by", "float32", [])) });

closeDevicesAfterAll();

describe.each(["worker", "main"] as const)("a device on the %s thread", (thread) => {
  it("refuses inputs that do not fit before anything runs", async () => {
    const kernel = await toPromise((await deviceOn(thread)).compile(scaled));
    const result = await kernel.run({ x: float32([1, 3], [1, 2, 3]) })();
    expect(result).toMatchObject({ left: { _tag: "BadInput", kernel: "scaled", problems: [{}, { input: "by" }] } });
  });

  it("names the kernel that does not compile, and compiles others after that", async () => {
    const device = await deviceOn(thread);
    const damaged = { ...doubled, name: "damaged", hash: "damaged", bytes: Uint8Array.of(1, 2, 3) };
    for (let attempt = 0; attempt < 2; attempt++) {
      const result = await device.compile(damaged)();
      expect(result).toMatchObject({ left: { _tag: "CompileFailed", kernel: "damaged" } });
      expect(E.isLeft(result) && result.left.message).toMatch(/^kernel "damaged" does not compile: .*[Pp]rotobuf.*$/);
    }
    expect((await run(device, doubled, { x: float32([1, 2], [1, 2]) })).y?.data[0]).toBe(2);
  });

  it("names the kernel that fails while running, and runs it again after that", async () => {
    const picked = modelOf("picked", { y: gather(x, input("at", "int32", [1])) });
    const kernel = await toPromise((await deviceOn(thread)).compile(picked));
    const failed = await kernel.run({ x: float32([1, 2], [5, 6]), at: int32([1], [7]) })();
    expect(failed).toMatchObject({ left: { _tag: "RunFailed", kernel: "picked" } });
    expect(E.isLeft(failed) && failed.left.message).toMatch(
      /^kernel "picked" failed while running: .*out of.*bound.*$/,
    );
    const { y } = await toPromise(kernel.run({ x: float32([1, 2], [5, 6]), at: int32([1], [0]) }));
    expect(y?.data).toEqual(Float32Array.of(5, 6));
  });

  it("closes once, after what runs, and refuses everything later", async () => {
    const device = await openDevice({ thread, threads: 1 });
    const kernel = await toPromise(device.compile(doubled));
    const other = device.compile(scaled)();
    const last = kernel.run({ x: float32([1, 2], [1, 2]) })();
    await Promise.all([device.close(), device.close()]);
    expect(E.isRight(await other)).toBe(true);
    expect(await last).toMatchObject({ right: { y: { dtype: "float32" } } });
    const refused = { left: { _tag: "DeviceClosed", device: "cpu" } };
    expect(await kernel.run({ x: float32([1, 2], [1, 2]) })()).toMatchObject(refused);
    expect(await device.compile(doubled)()).toMatchObject(refused);
    expect(await device.compile(scaled)()).toMatchObject(refused);
    await device.close();
  });
});

describe("a device whose worker dies", () => {
  it("says so to the runs that wait and to every later request", async () => {
    const script = `import { parentPort } from "node:worker_threads";
      parentPort.on("message", ({ id, request }) => {
        if (request.verb === "run") process.exit(1);
        parentPort.postMessage({ id, reply: { value: undefined } });
      });`;
    const link = workerLink(new URL(`data:text/javascript,${encodeURIComponent(script)}`), "none");
    const device = deviceOf("cpu", link, 1);
    const kernel = await toPromise(device.compile(doubled));
    const inputs = { x: float32([1, 2], [1, 2]) };
    const lost = { left: { _tag: "DeviceLost", device: "cpu", reason: "it ended with code 1" } };
    for (const result of await Promise.all([kernel.run(inputs)(), kernel.run(inputs)()]))
      expect(result).toMatchObject(lost);
    expect(await device.compile(scaled)()).toMatchObject(lost);
    await device.close();
  });
});
