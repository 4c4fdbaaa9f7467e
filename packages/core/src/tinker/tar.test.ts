import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tarOf } from "../../test/tinker/tarOf.js";
import { readTar } from "./tar.js";

describe("readTar", () => {
  it("reads back what was packed, of any length", () => {
    const name = fc.stringMatching(/^[a-z][a-z_.]{0,30}$/);
    fc.assert(
      fc.property(fc.dictionary(name, fc.uint8Array({ maxLength: 1100 }), { noNullPrototype: true }), (files) => {
        expect({ ...readTar(new Uint8Array(tarOf(files))) }).toEqual({ ...files });
      }),
    );
  });

  it("takes names out of long-name and pax headers, and leaves folders out", () => {
    const long = `folder/${"x".repeat(120)}.json`;
    const packed = (name: string, type: string, content: string): Buffer => {
      const whole = tarOf({ [name]: Buffer.from(content) }).subarray(0, -1024);
      whole.write(type, 156);
      return whole;
    };
    const pax = `${long.length + 10} path=${long}\n`;
    const files = Buffer.concat([
      packed("folder/", "5", ""),
      packed("././@LongLink", "L", `${long}\0`),
      packed("short", "0", "one"),
      packed("pax", "x", pax),
      packed("short", "0", "two"),
      packed("sub/plain", "\0", "three"),
      Buffer.alloc(1024),
    ]);
    const read = Object.entries(readTar(files)).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]);
    expect(read).toEqual([
      [`${"x".repeat(120)}.json`, "two"],
      ["plain", "three"],
    ]);
  });

  it("says where an archive ends early or holds no size", () => {
    const whole = tarOf({ a: new Uint8Array(600) });
    expect(() => readTar(whole.subarray(0, 1000))).toThrow("the tar archive ends 112 bytes early");
    const odd = Buffer.from(whole);
    odd.write("nonsense\0", 124);
    expect(() => readTar(odd)).toThrow("the tar header at byte 0 names no size");
  });
});
