import { type Tensor, type Tensors, tensor, toPromise } from "@msrl/core";
import { type Expr, grad, toModel } from "@msrl/core/graph";
import { type Device, openDevice } from "@msrl/core/session";
import * as E from "fp-ts/Either";
import { afterAll } from "vitest";

/** A float64 tensor from plain numbers. */
export const float64 = (shape: readonly number[], values: ArrayLike<number>): Tensor<"float64"> =>
  tensor("float64", shape, Float64Array.from(values));

/** The numbers of a tensor. */
export const numbers = (value: Tensor | undefined): readonly number[] => {
  if (value === undefined) throw new Error("there is no such output");
  return Array.from(value.data as ArrayLike<number | bigint>, Number);
};

/** A CPU device for the tests of one file; opened when first used, closed after them. */
export const testDevice = () => {
  let opened: Promise<Device> | undefined;
  afterAll(async () => (await opened)?.close());
  const device = (): Promise<Device> => {
    opened ??= openDevice({ thread: "main", threads: 1 });
    return opened;
  };

  /** Values of expressions; of the inputs given, those are fed that are read. */
  const evaluate = async (outputs: Readonly<Record<string, Expr>>, inputs: Tensors = {}): Promise<Tensors> => {
    const named = Object.fromEntries(Object.entries(outputs).map(([name, expr]) => [`result.${name}`, expr]));
    const model = toModel({ name: "test", outputs: named });
    if (E.isLeft(model)) throw model.left;
    const kernel = await toPromise((await device()).compile(model.right));
    const read = Object.entries(inputs).filter(([name]) => Object.hasOwn(model.right.inputs, name));
    const results = await toPromise(kernel.run(Object.fromEntries(read)));
    return Object.fromEntries(Object.keys(outputs).map((name) => [name, results[`result.${name}`]!]));
  };

  /** Largest distance of a gradient from central differences, relative to 1 + its size; everything in float64. */
  const gradientError = async (loss: Expr, wrt: Expr, inputs: Tensors, step = 1e-5): Promise<number> => {
    const name = wrt.node.label!;
    const given = inputs[name]!;
    const { slope } = await evaluate({ slope: grad(loss, [wrt])[0]! }, inputs);
    const errors: number[] = [];
    for (const [at, actual] of numbers(slope).entries()) {
      const moved = async (by: number): Promise<number> => {
        const values = numbers(given).map((value, place) => (place === at ? value + by : value));
        return numbers((await evaluate({ loss }, { ...inputs, [name]: float64(given.shape, values) })).loss)[0]!;
      };
      const difference = ((await moved(step)) - (await moved(-step))) / (2 * step);
      errors.push(Math.abs(actual - difference) / (1 + Math.abs(difference)));
    }
    return Math.max(...errors);
  };

  return { device, evaluate, gradientError };
};
