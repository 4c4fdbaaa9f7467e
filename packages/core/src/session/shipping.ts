import { sourceOf } from "../fileTensor.js";
import type { Tensor, Tensors } from "../tensor.js";
import { copyData, type Parcel, type Shipment } from "./protocol.js";

/** From how many bytes on an array can stay in the worker: below, copying it costs less than 0.1 ms. */
export const keptFromBytes = 1 << 20;

/** For how many runs an array stays in the worker after it was last used. */
export const keptForRuns = 4;

/**
 * Packs the inputs of run after run for a worker.
 *
 * Each array is copied once and the copy moved: cheaper than a structured clone, which also copies the whole buffer
 * behind a small view. A large array that comes a second time (the very same object: weights, as a rule) is kept by
 * the worker, and from the third time on only its number travels; it is dropped when `keptForRuns` runs did not use it.
 * Of a tensor in a file only its place is sent. This is right because tensors are values: nobody writes into an array after it was handed over.
 */
export const shipping = (): ((inputs: Tensors) => Shipment) => {
  const numbers = new WeakMap<object, number>();
  const lastUse = new Map<number, number>();
  let run = 0;
  let count = 0;

  const pack = (tensor: Tensor, transfer: ArrayBuffer[]): Parcel => {
    const { dtype, shape } = tensor;
    const source = sourceOf(tensor);
    if (source !== undefined) return { dtype, shape, source };
    const { data } = tensor;
    const number = numbers.get(data);
    const large = data.byteLength >= keptFromBytes;
    if (number !== undefined && lastUse.has(number)) {
      lastUse.set(number, run);
      return { dtype, shape, kept: number };
    }
    const copy = copyData({ dtype, shape, data });
    transfer.push(copy.buffer as ArrayBuffer);
    if (number === undefined) {
      if (large) numbers.set(data, count++);
      return { dtype, shape, data: copy };
    }
    lastUse.set(number, run);
    return { dtype, shape, data: copy, keep: number };
  };

  return (inputs) => {
    run += 1;
    const drop = [...lastUse].filter(([, last]) => run - last > keptForRuns).map(([number]) => number);
    for (const number of drop) lastUse.delete(number);
    const transfer: ArrayBuffer[] = [];
    const parcels = Object.entries(inputs).map(([name, tensor]) => [name, pack(tensor, transfer)] as const);
    return { inputs: Object.fromEntries(parcels), drop, transfer };
  };
};
