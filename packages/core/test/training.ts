import type { TensorType } from "../src/graph/expr.js";
import { add, input } from "../src/graph/index.js";
import type { Exprs, GradientTransform } from "../src/optim/optimizer.js";
import type { Tensors } from "../src/tensor.js";
import type { testDevice } from "./testDevice.js";

type Evaluate = ReturnType<typeof testDevice>["evaluate"];

const typesOf = (tensors: Tensors): Readonly<Record<string, TensorType>> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]));

const inputsOf = (prefix: string, tensors: Tensors): Exprs =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape }]) => [name, input(`${prefix}${name}`, dtype, shape)]),
  );

const under = <A>(prefix: string, record: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [`${prefix}${name}`, value]));

const from = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );

/** What an update leaves behind. */
export interface Updated {
  readonly parameters: Tensors;
  readonly state: Tensors;
  readonly metrics: Tensors;
}

/** One update of parameters by given gradients, as one run of a kernel. */
export const update = async (
  evaluate: Evaluate,
  transform: GradientTransform,
  parameters: Tensors,
  gradients: Tensors,
  state: Tensors = transform.init(typesOf(parameters)),
): Promise<Updated> => {
  const old = inputsOf("parameter ", parameters);
  const step = transform.update(inputsOf("gradient ", gradients), inputsOf("state ", state), old);
  const next = Object.fromEntries(Object.entries(step.updates).map(([name, by]) => [name, add(old[name]!, by)]));
  const outputs = { ...under("p ", next), ...under("s ", step.state), ...under("m ", step.metrics) };
  const feeds = { ...under("parameter ", parameters), ...under("gradient ", gradients), ...under("state ", state) };
  const results = await evaluate(outputs, feeds);
  return { parameters: from("p ", results), state: from("s ", results), metrics: from("m ", results) };
};

/** Updates by one gradient after the other. */
export const train = async (
  evaluate: Evaluate,
  transform: GradientTransform,
  parameters: Tensors,
  gradients: readonly Tensors[],
): Promise<readonly Updated[]> => {
  const steps: Updated[] = [];
  for (const gradient of gradients) {
    const before = steps.at(-1);
    steps.push(await update(evaluate, transform, before?.parameters ?? parameters, gradient, before?.state));
  }
  return steps;
};
