import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { file, read } from "../../../test/safetensorsFile.js";
import { type DType, float32, sizeOf, type Tensor, type Tensors, tensor, zeros } from "../../tensor.js";
import { joinBytes, writeSafetensors } from "./index.js";

const bytesOf = ({ data }: Tensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom<DType>("float32", "float64", "int32", "int64", "bool"),
    fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  )
  .map(([dtype, shape, stream]) => {
    const made = zeros(dtype, shape);
    const bytes = bytesOf(made);
    for (let at = 0; at < bytes.length; at++) bytes[at] = stream.next().value;
    return made;
  });

const anyTensors: fc.Arbitrary<Tensors> = fc.dictionary(
  fc.string({ unit: "binary", maxLength: 8 }).filter((name) => name !== "__metadata__"),
  anyTensor,
  { maxKeys: 6 },
);

const same = (a: Tensors, b: Tensors): void => {
  expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort());
  for (const [name, one] of Object.entries(a)) {
    const other = b[name]!;
    expect([other.dtype, other.shape]).toEqual([one.dtype, one.shape]);
    expect(bytesOf(other)).toEqual(bytesOf(one));
  }
};

describe("round trip", () => {
  it("keeps every bit, name and note, in aligned files and in shifted ones", () => {
    fc.assert(
      fc.property(
        anyTensors,
        fc.dictionary(fc.string(), fc.string()),
        fc.integer({ min: 0, max: 7 }),
        (all, notes, by) => {
          const bytes = joinBytes(writeSafetensors(all, notes));
          const shifted = new Uint8Array(bytes.length + 8).subarray(by, by + bytes.length);
          shifted.set(bytes);
          const back = read(shifted);
          same(all, back.tensors);
          expect({ ...back.metadata }).toEqual({ ...notes });
        },
      ),
    );
  });

  it("depends on the tensors alone, not on the order they come in", () => {
    fc.assert(
      fc.property(anyTensors, (all) => {
        const reversed = Object.fromEntries(Object.entries(all).reverse());
        expect(joinBytes(writeSafetensors(reversed))).toEqual(joinBytes(writeSafetensors(all)));
      }),
    );
  });

  it("keeps NaN payloads and negative zero", () => {
    const bits = Uint32Array.of(0x7fc12345, 0xffc00001, 0x80000000, 0x7f800001);
    const all = { x: tensor("float32", [4], new Float32Array(bits.buffer)) };
    const back = read(joinBytes(writeSafetensors(all))).tensors.x!;
    expect(new Uint32Array(back.data.buffer.slice(back.data.byteOffset, back.data.byteOffset + 16))).toEqual(bits);
  });

  it("shares memory both ways", () => {
    const x = float32([2], [1, 2]);
    expect(writeSafetensors({ x })[1]!.buffer).toBe(x.data.buffer);
    const bytes = joinBytes(writeSafetensors({ x }));
    expect(read(bytes).tensors.x!.data.buffer).toBe(bytes.buffer);
  });
});

describe("the bytes", () => {
  it("are those of the format, made by hand", () => {
    const all = { b: tensor("bool", [1], Uint8Array.of(1)), a: float32([2], [1, -2]) };
    const header =
      '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
      '"b":{"dtype":"BOOL","shape":[1],"data_offsets":[8,9]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
    const golden = file(padded, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1]);
    expect(joinBytes(writeSafetensors(all, { format: "pt" }))).toEqual(golden);
    expect(golden[0]).toBe(padded.length);
  });

  it("cannot hold a tensor called __metadata__", () => {
    expect(() => writeSafetensors({ __metadata__: float32([], [1]) })).toThrow(/__metadata__/);
  });
});

const python = spawnSync("python3", ["-c", "import safetensors.numpy"]).status === 0;

describe.skipIf(!python)("the Python library", () => {
  it("reads what we write and writes the same bytes", () => {
    const folder = mkdtempSync(join(tmpdir(), "msrl-safetensors-"));
    try {
      const all = {
        z: float32([2, 2], [1, 2, 3, 4]),
        a: float32([1], [5]),
        n: tensor("int64", [], BigInt64Array.of(7n)),
      };
      const ours = joinBytes(writeSafetensors(all));
      writeFileSync(join(folder, "ours.safetensors"), ours);
      const script = [
        "import sys; from safetensors.numpy import load_file, save_file",
        "t = load_file(sys.argv[1] + '/ours.safetensors')",
        "assert t['z'].tolist() == [[1, 2], [3, 4]] and t['n'] == 7 and t['n'].dtype == 'int64'",
        "save_file(t, sys.argv[1] + '/theirs.safetensors')",
      ].join("\n");
      const run = spawnSync("python3", ["-c", script, folder], { encoding: "utf8" });
      expect(run.stderr).toBe("");
      expect(new Uint8Array(readFileSync(join(folder, "theirs.safetensors")))).toEqual(ours);
      expect(sizeOf(all.z.shape)).toBe(4);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
