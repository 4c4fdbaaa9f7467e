import { fold, key, type Tensor, type Tensors, uniform } from "@msrl/core";
import type { Expr, Model } from "@msrl/core/graph";
import { add, grad, input, mul, reduceSum, toModel } from "@msrl/core/graph";
import { type Device, openDevice } from "@msrl/core/session";
import * as E from "fp-ts/Either";
import { afterAll, describe, expect, it } from "vitest";
import { toPromise } from "../../packages/core/src/errors.js";
import type { Size } from "../../packages/core/test/vjpShapes.js";
import { uses } from "../../packages/core/test/vjpUses.js";
import { corpus } from "./corpus.js";
import { flows } from "./flows.js";

/** The provider compared with the CPU: `MSRL_PARITY=webgpu npx vitest run test/cuda/parity` takes another one. */
const other = process.env.MSRL_PARITY ?? "cuda";

const opened = await openDevice({ device: other, thread: "main" }).then(
  (device): E.Either<string, Device> => E.right(device),
  (error: Error) => E.left(error.message.split(". ")[0]!),
);
const title = `${other} gives what the CPU gives${E.isLeft(opened) ? ` (not run: ${opened.left})` : ""}`;
const devices = E.isRight(opened) ? [await openDevice({ threads: 1, thread: "main" }), opened.right] : [];
afterAll(() => Promise.all(devices.map((device) => device.close())));

/** Another order of sums, other exponentials: some units in the last place of float32, of float16 where that computes. */
const tolerance = (name: string): number => (name.includes("float16") ? 3e-2 : 1e-4);

/** Numbers that suit every kernel: log-probs and logits below 0, masks and counts of 1, small indices. */
const feed = (name: string, { dtype, shape }: Model["inputs"][string]): Tensor => {
  const sizes = shape.map((dim) => (typeof dim === "number" ? dim : 2));
  const size = sizes.reduce((a, b) => a * b, 1);
  const values = uniform(fold(key(9), name), size).map((x) =>
    /mask|tokens|sequences|pairs/i.test(name) ? 1 : -0.2 - x,
  );
  if (dtype === "int32") return { dtype, shape: sizes, data: Int32Array.from(values, (_, at) => at % 3) };
  if (dtype === "int64")
    return { dtype, shape: sizes, data: BigInt64Array.from({ length: size }, (_, at) => BigInt(at % 3)) };
  if (dtype === "bool") return { dtype, shape: sizes, data: Uint8Array.from(values, (_, at) => at % 2) };
  const positive = /state\.|scale/.test(name) ? values.map(Math.abs) : values;
  return { dtype: "float32", shape: sizes, data: positive };
};

const compare = (name: string, found: readonly number[], wanted: readonly number[], limit: number): void => {
  expect(found.length).toBe(wanted.length);
  for (const [at, value] of wanted.entries()) {
    const near = Object.is(found[at], value) || Math.abs(found[at]! - value) <= limit * (1 + Math.abs(value));
    expect(near, `${name}[${at}]: ${found[at]} for ${value}`).toBe(true);
  }
};

const numbers = ({ data }: Tensor): readonly number[] => Array.from(data as ArrayLike<number | bigint>, Number);

const compareOutputs = async (
  name: string,
  outputs: Readonly<Record<string, Expr>>,
  given?: Tensors,
): Promise<void> => {
  const model = toModel({ name, outputs });
  if (E.isLeft(model)) throw model.left;
  const inputs =
    given ?? Object.fromEntries(Object.entries(model.right.inputs).map(([key, type]) => [key, feed(key, type)]));
  const read = Object.fromEntries(Object.entries(inputs).filter(([key]) => Object.hasOwn(model.right.inputs, key)));
  const run = async (device: Device) => toPromise((await toPromise(device.compile(model.right))).run(read));
  const [wanted, found] = await Promise.all(devices.map(run));
  for (const key of Object.keys(outputs)) compare(key, numbers(found![key]!), numbers(wanted![key]!), tolerance(name));
};

const sizeOf = (size: Size): number => (typeof size === "number" ? size : Number(size.split("=")[1]));

/** Every operator with its gradient, as the tests of gradients use it; in float64 where its constants are. */
const operators = Object.entries(uses).flatMap(([operator, all]) =>
  all.map(({ shapes, of }, at) => {
    const built = (dtype: "float32" | "float64") => {
      const inputs = shapes.map((shape, place) => input(`x${place}`, dtype, shape.map(sizeOf)));
      const parts = [of(...inputs)].flat() as readonly Expr[];
      return { inputs, loss: parts.map((part) => reduceSum(mul(part, part))).reduce((a, b) => add(a, b)) };
    };
    const short = built("float32");
    return [`${operator} ${at + 1}`, short.loss.node.broken ? built("float64") : short] as const;
  }),
);

const near = (name: string, { dtype, shape }: Expr, at: number): Tensor => {
  const sizes = shape as readonly number[];
  const values = uniform(
    fold(key(at), name),
    sizes.reduce((a, b) => a * b, 1),
  ).map((u) => 0.3 + u);
  return dtype === "float64"
    ? { dtype, shape: sizes, data: Float64Array.from(values) }
    : { dtype: "float32", shape: sizes, data: values };
};

describe.skipIf(devices.length === 0)(title, () => {
  it.each(operators)("%s", async (name, { inputs, loss }) => {
    const gradients = grad(loss, inputs).map((gradient, at) => [`d${at}`, gradient] as const);
    const fed = inputs.map((x, at) => [`x${at}`, near(name, x, at)] as const);
    await compareOutputs(name, { loss, ...Object.fromEntries(gradients) }, Object.fromEntries(fed));
  });

  it.each(corpus().filter(([name]) => other === "cuda" || !name.includes("bfloat16")))("%s", (name, outputs) =>
    compareOutputs(name, outputs),
  );

  it("rollouts, log-probs and updates of a decoder", async () => {
    const [wanted, found] = await Promise.all(devices.map(flows));
    for (const [name, values] of Object.entries(wanted!))
      compare(name, found![name]!, values, Math.max(1e-3, tolerance(name)));
  });
});
