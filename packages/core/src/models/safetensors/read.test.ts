import fc from "fast-check";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { file, problemOf } from "../../../test/safetensorsFile.js";
import { isTagged } from "../../errors.js";
import { float32, tensor } from "../../tensor.js";
import { joinBytes, readSafetensors, writeSafetensors } from "./index.js";

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
