import { closeSync, openSync, readSync } from "node:fs";
import { sizeOf, type Tensor } from "./tensor.js";

/** Where the numbers of a tensor lie in a file; those of 16 bits are widened to float32, which is exact. */
export interface FileSource {
  readonly path: string;
  /** First byte. */
  readonly start: number;
  readonly type: "F32" | "F16" | "BF16";
}

/**
 * A float32 tensor whose numbers stay in a file until somebody asks for them.
 *
 * A device reads the file itself, once, and keeps the numbers for all of its kernels until it is closed: this thread
 * need not hold them too. With the worker thread that a device has by default, a model of 0.54 GB then takes 0.9 GB of a
 * process with its sessions; given as arrays of this thread, which are copied for the worker, 1.8 GB. Memory shared
 * between threads would do as well, but ONNX Runtime's Node binding takes plain `ArrayBuffer`s only ("Invalid
 * argument"). The file has to stay as it is meanwhile.
 */
export interface FileTensor extends Tensor<"float32"> {
  readonly source: FileSource;
}

const bytesAt = (path: string, start: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  const file = openSync(path, "r");
  try {
    for (let at = 0; at < length; ) {
      const read = readSync(file, bytes, at, length - at, start + at);
      if (read === 0) throw new RangeError(`${path} ends ${length - at} bytes early`);
      at += read;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
};

/** A tensor over a part of a file; `widen` makes float32 numbers of the 16-bit types. */
export const fileTensor = (
  source: FileSource,
  shape: readonly number[],
  widen: (type: "F16" | "BF16", halves: Uint16Array) => Float32Array,
): FileTensor => {
  let last: WeakRef<Float32Array> | undefined;
  const read = (): Float32Array => {
    const { path, start, type } = source;
    const { buffer } = bytesAt(path, start, sizeOf(shape) * (type === "F32" ? 4 : 2));
    return type === "F32" ? new Float32Array(buffer) : widen(type, new Uint16Array(buffer));
  };
  return {
    dtype: "float32",
    shape,
    source,
    get data() {
      const known = last?.deref() ?? read();
      last = new WeakRef(known);
      return known;
    },
  };
};

/** Where a tensor's numbers lie, if it is one of {@link fileTensor}. */
export const sourceOf = (tensor: Tensor): FileSource | undefined => (tensor as Partial<FileTensor>).source;
