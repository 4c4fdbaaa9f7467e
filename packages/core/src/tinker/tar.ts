const block = 512;

const textAt = (bytes: Uint8Array, start: number, length: number): string => {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(field.subarray(0, end < 0 ? length : end)).toString();
};

/** A size: octal digits, or, where the first bit is set, a binary number. */
const sizeAt = (bytes: Uint8Array, start: number): number => {
  const field = bytes.subarray(start, start + 12);
  if (field[0]! & 0x80) return field.subarray(4).reduce((sum, byte) => sum * 256 + byte, 0);
  const size = Number.parseInt(textAt(field, 0, 12).trim(), 8);
  if (!Number.isInteger(size)) throw new Error(`the tar header at byte ${start - 124} names no size`);
  return size;
};

/** The path of a pax header's records, `LENGTH path=NAME\n`. */
const paxPath = (bytes: Uint8Array): string | undefined => /^\d+ path=(.*)$/m.exec(Buffer.from(bytes).toString())?.[1];

/**
 * The files of a tar archive by their name, without the folders before it; views of `bytes`.
 *
 * ustar, GNU long names and pax paths; folders and links are left out.
 *
 * @throws Error if the archive ends within a file or a header is none.
 * @example
 * import { readTar } from "@msrl/core/tinker";
 * assert.deepStrictEqual(readTar(new Uint8Array(1024)), {}); // two empty blocks end an archive
 * @since 0.1.0
 */
export const readTar = (bytes: Uint8Array): Readonly<Record<string, Uint8Array>> => {
  const files: Record<string, Uint8Array> = {};
  let long: string | undefined;
  for (let at = 0; at + block <= bytes.length && bytes[at] !== 0; ) {
    const size = sizeAt(bytes, at + 124);
    const type = String.fromCharCode(bytes[at + 156]!);
    const content = bytes.subarray(at + block, at + block + size);
    if (content.length < size) throw new Error(`the tar archive ends ${size - content.length} bytes early`);
    if (type === "L") long = textAt(content, 0, size);
    else if (type === "x") long = paxPath(content) ?? long;
    else {
      const path = long ?? textAt(bytes, at, 100);
      if (type === "0" || type === "\0") files[path.split("/").at(-1)!] = content;
      if (type !== "g") long = undefined;
    }
    at += block + Math.ceil(size / block) * block;
  }
  return files;
};
