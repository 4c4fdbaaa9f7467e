import { describe, expect, it } from "vitest";
import { closeDevicesAfterAll, deviceOn, modelOf, run } from "../../test/sessions.js";
import { toPromise } from "../errors.js";
import { add, greater, identity, mul } from "../graph/ops/elementwise.js";
import { input } from "../graph/ops/op.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { type DType, float32, tensor, zeros } from "../tensor.js";

const x = input("x", "float32", ["rows", 2]);
const doubled = modelOf("doubled", { y: add(x, x) });
const scaled = modelOf("scaled", { y: mul(x, input("by", "float32", [])) });

closeDevicesAfterAll();

describe.each(["worker", "main"] as const)("a device on the %s thread", (thread) => {
  it("computes", async () => {
    const { y } = await run(await deviceOn(thread), doubled, { x: float32([2, 2], [1, 2, 3, 4]) });
    expect(y).toEqual(float32([2, 2], [2, 4, 6, 8]));
  });

  it("fits any number where a dimension is named, none at all too", async () => {
    const device = await deviceOn(thread);
    for (const rows of [1, 5, 0])
      expect((await run(device, doubled, { x: zeros("float32", [rows, 2]) })).y).toEqual(zeros("float32", [rows, 2]));
  });

  it("takes and gives every element type", async () => {
    const values = {
      float32: tensor("float32", [2], Float32Array.of(1.5, -2)),
      float64: tensor("float64", [2], Float64Array.of(Math.PI, 1e300)),
      int32: tensor("int32", [2], Int32Array.of(-(2 ** 31), 7)),
      int64: tensor("int64", [2], BigInt64Array.of(2n ** 62n, -1n)),
      bool: tensor("bool", [2], Uint8Array.of(1, 0)),
    };
    const through = Object.fromEntries(
      Object.keys(values).map((dtype) => [`${dtype}Out`, identity(input(dtype, dtype as DType, [2]))]),
    );
    const results = await run(await deviceOn(thread), modelOf("types", through), values);
    for (const [dtype, value] of Object.entries(values)) expect(results[`${dtype}Out`]).toEqual(value);
    const positive = modelOf("positive", { y: greater(x, 0) });
    expect((await run(await deviceOn(thread), positive, { x: float32([1, 2], [1, -1]) })).y).toEqual(
      tensor("bool", [1, 2], Uint8Array.of(1, 0)),
    );
  });

  it("gives outputs that are the caller's own, and leaves inputs as they are", async () => {
    const given = float32([1, 2], [1, 2]);
    const kernel = await toPromise((await deviceOn(thread)).compile(modelOf("same", { y: identity(x) })));
    const first = await toPromise(kernel.run({ x: given }));
    (first.y!.data as Float32Array).fill(9);
    expect(given.data).toEqual(Float32Array.of(1, 2));
    expect((await toPromise(kernel.run({ x: given }))).y).toEqual(given);
  });

  it("reads shared memory and views into larger buffers", async () => {
    const device = await deviceOn(thread);
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([3, 4]);
    const view = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    expect((await run(device, doubled, { x: tensor("float32", [1, 2], shared) })).y?.data).toEqual(
      Float32Array.of(6, 8),
    );
    expect((await run(device, doubled, { x: tensor("float32", [1, 2], view) })).y?.data).toEqual(Float32Array.of(2, 4));
    expect(shared).toHaveLength(2);
  });

  it("keeps runs in flight apart", async () => {
    const device = await deviceOn(thread);
    const [twice, times] = await Promise.all([toPromise(device.compile(doubled)), toPromise(device.compile(scaled))]);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, at) => {
        const given = float32([1, 2], [at, -at]);
        return toPromise(at % 2 === 0 ? twice.run({ x: given }) : times.run({ x: given, by: float32([], [at]) }));
      }),
    );
    for (const [at, { y }] of results.entries()) expect(y?.data[0]).toBe(at % 2 === 0 ? 2 * at : at * at);
  });

  it("sees large inputs right while they come, stay and go", async () => {
    const kernel = await toPromise((await deviceOn(thread)).compile(modelOf("total", { y: reduceSum(x, [0, 1]) })));
    const rows = 2 ** 17;
    const large = [1, 2, 3].map((value) => tensor("float32", [rows, 2], new Float32Array(2 * rows).fill(value)));
    for (const which of [0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 0, 1, 0, 1, 0]) {
      const { y } = await toPromise(kernel.run({ x: large[which]! }));
      expect(y?.data[0]).toBe(2 * rows * (which + 1));
    }
  });

  it("shares one kernel a hash and choice of options, compiled in turn or at once", async () => {
    const device = await deviceOn(thread);
    const again = modelOf("doubled", { y: add(x, x) });
    const [a, b] = await Promise.all([toPromise(device.compile(doubled)), toPromise(device.compile(again))]);
    const c = await toPromise(device.compile(again, { optimization: "all" }));
    expect(b).toBe(a);
    expect(c).toBe(a);
    expect(await toPromise(device.compile(again, { optimization: "basic" }))).not.toBe(a);
    expect(await toPromise(device.compile(scaled))).not.toBe(a);
  });

  it("compiles with each option", async () => {
    const device = await deviceOn(thread);
    for (const options of [{ optimization: "disabled" }, { memoryPattern: false }, { memoryArena: false }] as const)
      expect((await run(device, doubled, { x: float32([1, 2], [1, 2]) }, options)).y?.data[1]).toBe(4);
    const refused = await device.compile(doubled, { optimization: "some" } as object)();
    expect(refused).toMatchObject({ left: { _tag: "BadOption", problems: [{ field: "optimization" }] } });
  });
});
