import { crc32, deflateSync } from "node:zlib";
import type { Pixels } from "./sample.js";

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** A chunk: length, type, data, checksum of type and data. */
const chunk = (type: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  whole.set(body, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
};

/**
 * The bytes of a PNG file: 8 bits a channel, RGB, no filter, no interlace, no metadata.
 *
 * (Portable Network Graphics Specification, third edition, W3C 2025, https://www.w3.org/TR/png-3/)
 *
 * @throws RangeError if the picture does not hold 3 bytes a pixel: a bug of the caller, not bad input.
 * @example
 * import { encodePng } from "@msrl/core";
 * const red = { width: 1, height: 1, data: Uint8Array.of(255, 0, 0) };
 * assert.strictEqual(Buffer.from(encodePng(red)).toString("latin1", 1, 4), "PNG");
 * @since 0.1.0
 */
export const encodePng = ({ width, height, data }: Pixels): Uint8Array => {
  const stride = 3 * width;
  if (!(width > 0 && height > 0) || data.length !== stride * height)
    throw new RangeError(
      `a picture of ${width} x ${height} holds ${stride * height} bytes, the one given ${data.length}`,
    );
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
};
