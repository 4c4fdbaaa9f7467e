import { toPromise, zeros } from "@msrl/core";
import { input, matmul, reduceMax, toModel } from "@msrl/core/graph";
import type { Device } from "@msrl/core/session";
import * as E from "fp-ts/Either";

const size = 1536;
const chained = 3;

/** The machine's best matrix product, float32, in GFLOP/s: the fastest of some runs of products of 1,536-cubes. */
export const matmulPeak = async (device: Device, runs = 20): Promise<number> => {
  const [x, w] = [input("x", "float32", [size, size]), input("w", "float32", [size, size])];
  const product = Array.from({ length: chained }).reduce<typeof x>((left) => matmul(left, w), x);
  const model = toModel({ name: "peak", outputs: { largest: reduceMax(product) } });
  if (E.isLeft(model)) throw model.left;
  const kernel = await toPromise(device.compile(model.right));
  const inputs = { x: zeros("float32", [size, size]), w: zeros("float32", [size, size]) };
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const before = performance.now();
    await toPromise(kernel.run(inputs));
    if (run > 2) best = Math.min(best, performance.now() - before);
  }
  return (chained * 2 * size ** 3) / best / 1e6;
};
