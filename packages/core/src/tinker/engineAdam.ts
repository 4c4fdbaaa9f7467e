import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Compiler } from "../graph/compiler.js";
import { input } from "../graph/ops/op.js";
import type { GraphError } from "../graph/problems.js";
import { toModel } from "../graph/toModel.js";
import type { TransformChain } from "../optim/chain.js";
import type { GradientTransform, Optimizer } from "../optim/optimizer.js";
import { float32, type Tensors } from "../tensor.js";
import type { EngineAdam } from "./client.js";
import type { EngineFacts } from "./engineFacts.js";

/** The numbers of an optimizer besides its learning rate, which may be a schedule. */
export type AdamNumbers = Omit<EngineAdam, "learningRate">;

const numbersOf = ({ options }: GradientTransform, gradClipNorm: number): AdamNumbers => {
  const { beta1, beta2, epsilon, weightDecay = 0 } = options as Readonly<Record<string, number>>;
  return { beta1: beta1!, beta2: beta2!, epsilon: epsilon!, weightDecay, gradClipNorm };
};

/** AdamW's numbers, if that is what the transform is: after a clip of the global norm at most. */
const adamOf = (transform: GradientTransform): AdamNumbers | undefined => {
  const parts = (transform as Partial<TransformChain>).parts ?? [transform];
  const adam = parts.at(-1);
  if (adam === undefined || !["adam", "adamw"].includes(adam.name)) return undefined;
  if (parts.length === 1) return numbersOf(adam, 0);
  const [clip] = parts;
  return parts.length === 2 && clip!.name === "clip_by_global_norm"
    ? numbersOf(adam, clip!.options.maxNorm as number)
    : undefined;
};

const fields = ["beta1", "beta2", "epsilon", "weightDecay", "gradClipNorm"] as const;

/** What the engine would train that is not the adapter, or nothing of it. */
const groupProblem = ({ trains }: Optimizer): string | undefined => {
  if (trains === undefined) return undefined;
  const others = trains.filter((group) => group !== "language" && group !== "adapter");
  if (others.length > 0)
    return `${others.join(", ")} cannot be trained: an engine trains an adapter of the language model`;
  return trains.length === 0 ? "it trains nothing" : undefined;
};

/**
 * An optimizer as an engine takes it, or why the engine would do something else than asked for: it is AdamW, after a clip of
 * the global norm at most, on the language model's adapter; numbers that the engine takes from elsewhere have to be those.
 */
export const adamNumbers = (
  optimizer: Optimizer,
  { fixed }: Pick<EngineFacts, "fixed">,
): E.Either<string, AdamNumbers> => {
  const { transform } = optimizer;
  const group = groupProblem(optimizer);
  if (group !== undefined) return E.left(group);
  const numbers = adamOf(transform);
  if (numbers === undefined)
    return E.left(`${transform.name} is not known to engines: adam or adamw, after clipByGlobalNorm at most`);
  const odd = fields.filter((field) => fixed[field] !== undefined && fixed[field] !== numbers[field]);
  return odd.length === 0
    ? E.right(numbers)
    : E.left(
        `the engine would ignore ${odd.map((field) => `${field} ${numbers[field]} (it has ${fixed[field]})`).join(", ")}`,
      );
};

const parameter = { weight: { dtype: "float32", shape: [1] } } as const;

/** The optimizer's state after so many updates, as far as its learning rate reads it. */
const stateAfter = (transform: GradientTransform, updates: number): Tensors =>
  Object.fromEntries(
    Object.entries(transform.init(parameter)).map(([name, value]) => [
      name,
      name.endsWith("count") ? float32([], [updates]) : value,
    ]),
  );

/** The learning rate of the update that follows so many others: what the optimizer itself reports. */
export const learningRateAt = <Failure>(
  device: Compiler<Failure>,
  transform: GradientTransform,
): TE.TaskEither<Failure | GraphError, (updates: number) => TE.TaskEither<Failure, number>> => {
  const state = Object.fromEntries(
    Object.entries(transform.init(parameter)).map(([name, { dtype, shape }]) => [
      name,
      input(`state.${name}`, dtype, shape),
    ]),
  );
  const one = { weight: input("weight", "float32", [1]) };
  const { learning_rate } = transform.update(one, state, one).metrics;
  return pipe(
    TE.fromEither(toModel({ name: `learning rate of ${transform.name}`, outputs: { learning_rate: learning_rate! } })),
    TE.chainW((model) => device.compile(model)),
    TE.map((kernel) => (updates: number) => {
      const fed = Object.entries(stateAfter(transform, updates)).map(
        ([name, value]) => [`state.${name}`, value] as const,
      );
      const read = fed.filter(([name]) => Object.hasOwn(kernel.model.inputs, name));
      return pipe(
        kernel.run(Object.fromEntries(read)),
        TE.map((outputs) => Number(outputs.learning_rate!.data[0])),
      );
    }),
  );
};
