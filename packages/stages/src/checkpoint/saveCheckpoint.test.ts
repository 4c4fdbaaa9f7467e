import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32, key, type Pixels, type Prompt, tensor } from "@msrl/core";
import fc from "fast-check";
import * as E from "fp-ts/Either";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Checkpoint } from "./checkpoint.js";
import { loadCheckpoint } from "./loadCheckpoint.js";
import { saveCheckpoint, saveCheckpointTask } from "./saveCheckpoint.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "msrl-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (step: number, fields: Partial<Checkpoint> = {}): Checkpoint => ({
  step,
  policy: { tensors: { w: float32([2], [step, -0]) }, metadata: { optimizer: "adamw" } },
  key: key(step),
  cursor: 2 * step,
  replay: [],
  extra: {},
  ...fields,
});

const pixels = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }))
  .chain(
    ([width, height]): fc.Arbitrary<Pixels> =>
      fc
        .uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height })
        .map((data) => ({ width, height, data })),
  );
const media = fc.record(
  {
    kind: fc.constantFrom("image" as const, "video" as const),
    frames: fc.array(pixels, { maxLength: 3 }),
    caption: fc.string(),
  },
  { requiredKeys: ["kind", "frames"], noNullPrototype: true },
);
const part = fc.oneof(
  fc.record({ type: fc.constant("text" as const), text: fc.string({ unit: "binary" }) }, { noNullPrototype: true }),
  fc.record({ type: fc.constant("media" as const), media }, { noNullPrototype: true }),
);
const prompt: fc.Arbitrary<Prompt> = fc.array(part, { maxLength: 4 }).map((content) => ({
  id: "p",
  messages: [{ role: "user", content }],
}));
const completion = fc.record(
  { text: fc.string({ unit: "binary" }), tokenIds: fc.array(fc.nat(), { maxLength: 4 }) },
  { noNullPrototype: true },
);
const anyCheckpoint: fc.Arbitrary<Checkpoint> = fc
  .record({
    step: fc.nat(),
    bits: fc.uint32Array({ maxLength: 6 }),
    key: fc.record({ high: fc.nat(), low: fc.nat() }, { noNullPrototype: true }),
    cursor: fc.maxSafeNat(),
    replay: fc.array(
      fc.record({ prompt, completions: fc.array(completion, { maxLength: 2 }) }, { noNullPrototype: true }),
      {
        maxLength: 3,
      },
    ),
    extra: fc.dictionary(fc.string(), fc.oneof(fc.double(), fc.array(fc.string())), { noNullPrototype: true }),
  })
  .map(({ bits, ...rest }) => ({
    ...rest,
    policy: {
      tensors: {
        w: tensor("float32", [bits.length], new Float32Array(bits.buffer)),
        n: tensor("int64", [1], BigInt64Array.of(-1n)),
      },
      metadata: { step: "1" },
    },
  }));

const bits = ({ policy, ...rest }: Checkpoint) => ({
  ...rest,
  policy: Object.entries(policy.tensors)
    .sort()
    .map(([name, { dtype, shape, data }]) => [
      name,
      dtype,
      shape,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    ]),
  metadata: { ...policy.metadata },
});

describe("round trip", () => {
  it("gives back the checkpoint to the last bit, and the same checkpoint gives the same files", async () => {
    await fc.assert(
      fc.asyncProperty(anyCheckpoint, async (checkpoint) => {
        const [one, two] = [join(folder, "one"), join(folder, "two")];
        const { name } = await saveCheckpoint(one, checkpoint);
        const loaded = await loadCheckpoint(one);
        expect(bits(loaded.checkpoint)).toStrictEqual(bits(checkpoint));
        await saveCheckpoint(two, loaded.checkpoint);
        for (const file of readdirSync(join(one, name)))
          expect(readFileSync(join(two, name, file))).toEqual(readFileSync(join(one, name, file)));
        for (const each of [one, two]) rmSync(each, { recursive: true });
      }),
      { numRuns: 25 },
    );
  });

  it("keeps NaN payloads, -0 and NaN in extra, and each picture once", async () => {
    const words = Uint32Array.of(0x7fc12345, 0xffc00001, 0x80000000, 0x7f800001);
    const tensors = { w: tensor("float32", [4], new Float32Array(words.buffer)) };
    const frame = { width: 1, height: 2, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    const video = { kind: "video" as const, frames: [frame, { ...frame }, frame], source: "a.webp" };
    const content = [{ type: "media" as const, media: video }];
    const replay = [{ prompt: { id: "p", messages: [{ role: "user" as const, content }] }, completions: [] }];
    const saved = await saveCheckpoint(
      folder,
      at(1, { policy: { tensors, metadata: {} }, replay, extra: { loss: Number.NaN } }),
    );
    const { checkpoint } = await loadCheckpoint(folder);
    const { data } = checkpoint.policy.tensors.w!;
    expect(new Uint32Array(data.buffer, data.byteOffset, 4)).toEqual(words);
    expect(checkpoint.extra).toStrictEqual({ loss: Number.NaN });
    expect(checkpoint.replay).toStrictEqual(replay);
    expect(readFileSync(join(saved.path, "media.bin"))).toHaveLength(6);
  });
});

describe("which checkpoints stay", () => {
  it("the newest two, or as many as asked for", async () => {
    for (const step of [0, 20, 40]) await saveCheckpoint(folder, at(step));
    expect(readdirSync(folder).sort()).toEqual(["step-00000020", "step-00000040"]);
    await saveCheckpoint(folder, at(60), { keep: 3 });
    expect(readdirSync(folder).sort()).toEqual(["step-00000020", "step-00000040", "step-00000060"]);
    expect((await loadCheckpoint(folder)).checkpoint.cursor).toBe(120);
  });

  it("a step saved again replaces itself; later ones are set aside, not lost", async () => {
    for (const step of [20, 40]) await saveCheckpoint(folder, at(step));
    await saveCheckpoint(folder, at(40, { cursor: 7 }));
    expect(readdirSync(folder).sort()).toEqual(["step-00000020", "step-00000040.1"]);
    expect((await loadCheckpoint(folder)).checkpoint.cursor).toBe(7);
    await saveCheckpoint(folder, at(30));
    expect(readdirSync(folder).sort()).toEqual(["step-00000020", "step-00000030", "superseded-step-00000040.1"]);
    expect((await loadCheckpoint(folder)).name).toBe("step-00000030");
  });

  it("leftovers of killed writers are passed over and cleaned up by the next save", async () => {
    await saveCheckpoint(folder, at(20));
    await mkdir(join(folder, ".tmp-step-00000040"));
    writeFileSync(join(folder, ".tmp-step-00000040", "policy.safetensors"), "half");
    await mkdir(join(folder, ".trash-step-00000010"));
    writeFileSync(join(folder, "notes.txt"), "mine");
    expect((await loadCheckpoint(folder)).name).toBe("step-00000020");
    await saveCheckpoint(folder, at(40));
    expect(readdirSync(folder).sort()).toEqual(["notes.txt", "step-00000020", "step-00000040"]);
  });
});

describe("what a user can get wrong", () => {
  it("a folder that is a file", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(saveCheckpoint(join(folder, "file"), at(1))).rejects.toMatchObject({ _tag: "CheckpointIo" });
  });

  it.each([
    ["a negative step", at(-1), {}, "checkpoint.step is -1, wanted a whole number >= 0"],
    ["half a cursor", at(1, { cursor: 0.5 }), {}, "checkpoint.cursor is 0.5, wanted a whole number >= 0"],
    ["a bad key", at(1, { key: { high: Number.NaN, low: 0 } }), {}, "checkpoint.key is"],
    ["nothing kept", at(1), { keep: 0 }, "keep is 0, wanted a whole number >= 1"],
    ["an unknown option", at(1), { keeps: 3 }, "unknown option keeps, wanted one of stage, keep"],
  ])("%s", async (_, checkpoint, options, message) => {
    const result = await saveCheckpointTask(folder, checkpoint, options as object)();
    expect(E.isLeft(result) && result.left._tag).toBe("CheckpointOption");
    expect(E.isLeft(result) && result.left.message).toContain(`saveCheckpoint: ${message}`);
    expect(readdirSync(folder)).toEqual([]);
  });
});
