import * as E from "fp-ts/Either";
import { joinBytes, readSafetensors } from "../src/models/safetensors/index.js";

/** What a file holds; throws where it is damaged. */
export const read = (bytes: Uint8Array) => {
  const result = readSafetensors(bytes, "f.safetensors");
  if (E.isLeft(result)) throw result.left;
  return result.right;
};

/** What is wrong with a file. */
export const problemOf = (bytes: Uint8Array): string => {
  const result = readSafetensors(bytes, "f.safetensors");
  return E.isLeft(result) ? result.left.message : "no error";
};

/** A file made by hand: 8 bytes of length, the header, the data. */
export const file = (header: string | object, data: ArrayLike<number> = []): Uint8Array => {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return joinBytes([length, text, Uint8Array.from(data)]);
};
