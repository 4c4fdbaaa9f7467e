import { describe, expect, it } from "vitest";
import { tensor, zeros } from "../tensor.js";
import { keptForRuns, keptFromBytes, shipping } from "./shipping.js";

const large = () => zeros("float32", [keptFromBytes / 4]);
const small = zeros("float32", [2]);

describe("shipping", () => {
  it("copies each array into a buffer of its own", () => {
    const whole = Float32Array.from([1, 2, 3, 4]);
    const view = tensor("float32", [2], whole.subarray(1, 3));
    const { inputs, transfer } = shipping()({ view });
    expect(inputs.view).toEqual({ dtype: "float32", shape: [2], data: Float32Array.of(2, 3) });
    expect(transfer.map(({ byteLength }) => byteLength)).toEqual([8]);
    expect(transfer[0]).toBe(inputs.view?.data?.buffer);
    expect([...whole]).toEqual([1, 2, 3, 4]);
  });

  it("moves shared and pooled memory as memory of its own", () => {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const pooled = Buffer.from([1, 0, 1]);
    const { transfer } = shipping()({ a: tensor("int32", [2], shared), b: tensor("bool", [3], pooled) });
    expect(transfer.map((buffer) => [buffer.constructor.name, buffer.byteLength])).toEqual([
      ["ArrayBuffer", 8],
      ["ArrayBuffer", 3],
    ]);
  });

  it("keeps a large array from its second run on, and sends its number from the third", () => {
    const ship = shipping();
    const w = large();
    expect(ship({ w }).inputs.w).not.toHaveProperty("keep");
    expect(ship({ w }).inputs.w).toMatchObject({ keep: 0 });
    const third = ship({ w });
    expect(third.inputs.w).toEqual({ dtype: "float32", shape: w.shape, kept: 0 });
    expect(third.transfer).toEqual([]);
  });

  it("knows an array under another name and shape, and twice in one run", () => {
    const ship = shipping();
    const w = large();
    const flat = { ...w, shape: [1, ...w.shape] };
    ship({ w });
    const { inputs } = ship({ w, flat });
    expect([inputs.w?.keep, inputs.flat?.kept, inputs.flat?.shape]).toEqual([0, 0, flat.shape]);
  });

  it("never keeps a small array", () => {
    const ship = shipping();
    for (let run = 0; run < 3; run++)
      expect(Object.keys(ship({ small }).inputs.small ?? {})).toEqual(["dtype", "shape", "data"]);
  });

  it("drops what was not used for some runs, and sends it anew after that", () => {
    const ship = shipping();
    const w = large();
    ship({ w });
    ship({ w });
    for (let run = 0; run < keptForRuns; run++) expect(ship({ small }).drop).toEqual([]);
    expect(ship({ small }).drop).toEqual([0]);
    expect(ship({ w }).inputs.w).toMatchObject({ keep: 0 });
    expect(ship({ w }).inputs.w).toMatchObject({ kept: 0 });
  });

  it("drops nothing that the same run uses", () => {
    const ship = shipping();
    const w = large();
    ship({ w });
    ship({ w });
    for (let run = 0; run < keptForRuns; run++) ship({ small });
    const { drop, inputs } = ship({ w });
    expect(drop.length === 0 ? inputs.w?.kept : inputs.w?.keep).toBe(0);
  });
});
