import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { isTagged } from "../errors.js";
import { type DType, float32, sizeOf, type Tensor, type Tensors, tensor, zeros } from "../tensor.js";
import { joinBytes, readSafetensors, writeSafetensors } from "./safetensors.js";

const bytesOf = ({ data }: Tensor): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const read = (bytes: Uint8Array) => {
  const result = readSafetensors(bytes, "f.safetensors");
  if (E.isLeft(result)) throw result.left;
  return result.right;
};

const problemOf = (bytes: Uint8Array): string => {
  const result = readSafetensors(bytes, "f.safetensors");
  return E.isLeft(result) ? result.left.message : "no error";
};

/** A file made by hand: 8 bytes of length, the header, the data. */
const file = (header: string | object, data: ArrayLike<number> = []): Uint8Array => {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return joinBytes([length, text, Uint8Array.from(data)]);
};

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

describe("half types", () => {
  it("widens every bfloat16 and float16 as a plain formula does", () => {
    const value = (half: number, exponentBits: number): number => {
      const fractionBits = 15 - exponentBits;
      const sign = half & 0x8000 ? -1 : 1;
      const exponent = (half & 0x7fff) >> fractionBits;
      const fraction = (half & (2 ** fractionBits - 1)) / 2 ** fractionBits;
      const bias = 2 ** (exponentBits - 1) - 1;
      if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
      return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
    };
    const all = Uint16Array.from({ length: 65536 }, (_, half) => half);
    for (const [dtype, exponentBits] of [
      ["F16", 5],
      ["BF16", 8],
    ] as const) {
      const entry = { dtype, shape: [65536], data_offsets: [0, 131072] };
      const wide = read(file({ x: entry }, new Uint8Array(all.buffer))).tensors.x!.data as Float32Array;
      const wanted = Float32Array.from(all, (half) => value(half, exponentBits));
      expect(wide.every((number, at) => Object.is(number, wanted[at]))).toBe(true);
    }
  });
});

describe("damage", () => {
  const small = joinBytes(
    writeSafetensors({ w: float32([2, 2], [1, 2, 3, 4]), n: tensor("int64", [1], BigInt64Array.of(9n)) }, { k: "v" }),
  );

  it("is a tagged error at every length a file can be cut to", () => {
    for (let length = 0; length < small.length; length++) {
      const result = readSafetensors(small.slice(0, length), "f.safetensors");
      expect(E.isLeft(result) && result.left._tag).toBe("SafetensorsError");
    }
    expect(problemOf(small.slice(0, -1))).toBe(
      'f.safetensors: tensor "w": is cut off: it needs 1 bytes more than the file has',
    );
  });

  it("never throws, whatever byte is changed", () => {
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const broken = small.slice();
        broken[at]! ^= change;
        const result = readSafetensors(broken, "f.safetensors");
        expect(E.isRight(result) || isTagged(result.left)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  const entry = (fields: object): object => ({ x: { dtype: "F32", shape: [1], data_offsets: [0, 4], ...fields } });
  it.each([
    ["bytes left over", file(entry({}), [0, 0, 0, 0, 0]), "1 bytes at the end belong to no tensor"],
    ["no JSON", file("{nope"), "header is not valid JSON"],
    ["no UTF-8", joinBytes([Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), Uint8Array.of(0xff)]), "header is not valid JSON"],
    ["a list", file("[]"), "header is not a JSON object"],
    ["a huge header", joinBytes([new Uint8Array(8).fill(255), new Uint8Array(8)]), "over the limit of 100000000 bytes"],
    ["a long header", joinBytes([Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)]), "header of 9 bytes does not fit: only 0"],
    ["bad notes", file({ __metadata__: { a: 1 } }), "__metadata__ is not an object of strings"],
    ["a bad entry", file({ x: 3 }), 'tensor "x": its header entry is not an object'],
    ["an unknown type", file(entry({ dtype: "F4" }), [0]), 'tensor "x": dtype "F4" is not one of I64, F64, F32'],
    ["a type of Object", file(entry({ dtype: "toString" }), [0]), 'dtype "toString" is not one of'],
    ["a bad shape", file(entry({ shape: [-1] }), [0]), 'tensor "x": shape [-1] is not a list of whole numbers'],
    ["bad offsets", file(entry({ data_offsets: [0] }), [0]), 'tensor "x": data_offsets [0] are not two whole numbers'],
    ["turned offsets", file(entry({ data_offsets: [4, 0] }), [0]), 'tensor "x": data_offsets [4, 0] end before'],
    ["a wrong size", file(entry({ shape: [2] }), [0, 0, 0, 0]), "F32 [2] takes 8 bytes, data_offsets [0, 4] hold 4"],
    ["a gap", file(entry({ data_offsets: [4, 8] }), new Uint8Array(8)), "4 bytes before it belong to no tensor"],
    [
      "an overlap",
      file({ ...entry({}), y: { dtype: "F32", shape: [1], data_offsets: [2, 6] } }, new Uint8Array(6)),
      'tensor "y": overlaps the tensor before it by 2 bytes',
    ],
  ])("says what is wrong: %s", (_, bytes, message) => {
    expect(problemOf(bytes)).toContain(message);
    expect(problemOf(bytes)).toMatch(/^f\.safetensors: /);
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
