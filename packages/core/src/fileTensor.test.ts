import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/Either";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toPromise } from "./errors.js";
import { type FileSource, fileTensor, sourceOf } from "./fileTensor.js";
import { identity, input, toModel } from "./graph/index.js";
import { widenBfloat16, widenFloat16 } from "./models/safetensors/widen.js";
import { openDevice } from "./session/index.js";
import { float32 } from "./tensor.js";

const folder = mkdtempSync(join(tmpdir(), "msrl-file-tensor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
const numbers = Float32Array.from(halves, (half) => half / 7 - 3000);
const files = {
  F16: new Uint8Array(halves.buffer),
  BF16: new Uint8Array(halves.buffer),
  F32: new Uint8Array(numbers.buffer),
};
const wanted = { F16: widenFloat16(halves), BF16: widenBfloat16(halves), F32: numbers };

/** A file with some bytes before the numbers, and a tensor over them. */
const written = (type: FileSource["type"], name: string) => {
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([Buffer.from("before"), files[type]]));
  const tensor = fileTensor({ path, start: 6, type }, [65536], (half, bits) =>
    half === "F16" ? widenFloat16(bits) : widenBfloat16(bits),
  );
  return { path, tensor };
};

const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((value, at) => Object.is(value, b[at]));

const types = ["F32", "F16", "BF16"] as const;

it.each(types)("reads its numbers when asked: %s", (type) => {
  const { tensor, path } = written(type, `own-${type}`);
  expect(same(tensor.data, wanted[type])).toBe(true);
  expect(sourceOf(tensor)).toEqual({ path, start: 6, type });
  expect(sourceOf(float32([1], [1]))).toBeUndefined();
});

describe.each(["worker", "main"] as const)("a device with its engine in the %s thread", (thread) => {
  let compiled: Awaited<ReturnType<typeof kernel>>;
  const kernel = async () => {
    const device = await openDevice({ thread, threads: 1 });
    const model = toModel({ name: "copy", outputs: { y: identity(input("x", "float32", [65536])) } });
    if (E.isLeft(model)) throw model.left;
    return { device, kernel: await toPromise(device.compile(model.right)) };
  };
  beforeAll(async () => {
    compiled = await kernel();
  });
  afterAll(() => compiled.device.close());

  it.each(types)("reads them once and keeps them: %s", async (type) => {
    const { tensor, path } = written(type, `${thread}-${type}`);
    const first = await toPromise(compiled.kernel.run({ x: tensor }));
    expect(same(first.y!.data as Float32Array, wanted[type])).toBe(true);
    rmSync(path);
    const second = await toPromise(compiled.kernel.run({ x: tensor }));
    expect(second).toEqual(first);
  });

  it("says which file is gone or too short", async () => {
    const { tensor, path } = written("F32", `${thread}-gone`);
    writeFileSync(path, "short");
    await expect(toPromise(compiled.kernel.run({ x: tensor }))).rejects.toMatchObject({
      _tag: "RunFailed",
      message: expect.stringContaining(path),
    });
    rmSync(path);
    await expect(toPromise(compiled.kernel.run({ x: tensor }))).rejects.toThrow(path);
  });
});
