import { float32, tensor, toPromise } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { grad, input, toModel } from "@msrl/core/graph";
import { grpo, hiddenStatistics, tokenGradient, tokenStatistics } from "@msrl/core/losses";
import type { Device } from "@msrl/core/session";
import { distillationGradient, generalisedJsd, hiddenDistillationGradient } from "@msrl/distill";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";

/** Sizes of a kernel's work; `width` is that of hidden states. */
export interface Sizes {
  readonly batch: number;
  readonly time: number;
  readonly vocabulary: number;
  readonly width: number;
}

/** Kernels by name, each made ready to run on a device. */
export type Kernels = Readonly<Record<string, (device: Device, sizes: Sizes) => Promise<() => Promise<unknown>>>>;

/** Numbers between two bounds that look like chance. */
const numbersFrom = (count: number, low: number, high: number): Float32Array => {
  const values = new Float32Array(count);
  for (let at = 0; at < count; at++)
    values[at] = low + ((high - low) * (Math.imul(at + 1, 0x9e3779b1) >>> 0)) / 2 ** 32;
  return values;
};

const tokensOf = ({ batch, time, vocabulary }: Sizes): Int32Array =>
  Int32Array.from({ length: batch * time }, (_, at) => (at * 7919) % vocabulary);

const logitsOf = ({ batch, time, vocabulary }: Sizes): Float32Array => numbersFrom(batch * time * vocabulary, 0, 8);

const statistics =
  (entropy: boolean): Kernels[string] =>
  async (device, sizes) => {
    const run = tokenStatistics({ entropy })(device);
    const arrays = { logits: logitsOf(sizes), targets: tokensOf(sizes) };
    return () => run(arrays);
  };

const grpoGradient: Kernels[string] = async (device, { batch, time }) => {
  const run = await tokenGradient(grpo(), device);
  const old = numbersFrom(batch * time, -1, 0);
  const logProbs = old.map((value, at) => value + 0.1 * Math.sin(at));
  return () => run({ batch, time, logProbs, oldLogProbs: old, advantages: numbersFrom(batch, -1, 1) });
};

/** GRPO's loss over tokens whose log-probs come from hidden states, and its gradient by these. */
const hiddenModel = ({ batch, time, vocabulary, width }: Sizes) => {
  const perToken = (name: string) => input(name, "float32", [batch, time]);
  const states = input("states", "float32", [batch, time, width]);
  const hidden = { states, head: input("head", "float32", [vocabulary, width]) };
  const { logProbs } = hiddenStatistics({ gradient: "fused" })(hidden, input("targets", "int32", [batch, time]));
  const { loss } = grpo().build({
    logProbs,
    oldLogProbs: logProbs,
    referenceLogProbs: logProbs,
    advantages: perToken("advantages"),
    mask: perToken("mask"),
    tokens: input("tokens", "float32", []),
    sequences: input("sequences", "float32", []),
  });
  return toModel({ name: "loss from hidden states", outputs: { loss, gradient: grad(loss, [states])[0]! } });
};

const hiddenLoss: Kernels[string] = async (device, sizes) => {
  const { batch, time, vocabulary, width } = sizes;
  const kernel = await toPromise(
    pipe(
      TE.fromEither(hiddenModel(sizes)),
      TE.chainW((model) => device.compile(model)),
    ),
  );
  const inputs = {
    states: tensor("float32", [batch, time, width], numbersFrom(batch * time * width, -0.5, 0.5)),
    head: tensor("float32", [vocabulary, width], numbersFrom(vocabulary * width, -0.5, 0.5)),
    targets: tensor("int32", [batch, time], tokensOf(sizes)),
    advantages: tensor("float32", [batch, time], numbersFrom(batch * time, -1, 1)),
    mask: tensor("float32", [batch, time], new Float32Array(batch * time).fill(1)),
    tokens: float32([], [batch * time]),
    sequences: float32([], [batch]),
  };
  const read = Object.fromEntries(Object.entries(inputs).filter(([name]) => Object.hasOwn(kernel.model.inputs, name)));
  return () => toPromise(kernel.run(read));
};

const jsd: Kernels[string] = async (device, sizes) => {
  const { batch, time, vocabulary } = sizes;
  const run = distillationGradient(generalisedJsd(), device);
  const [studentLogits, teacherLogits] = [logitsOf(sizes), logitsOf(sizes).reverse()];
  return () => run({ batch, time, vocabulary, studentLogits, teacherLogits });
};

const hiddenJsd: Kernels[string] = async (device, { batch, time, vocabulary, width }) => {
  const run = hiddenDistillationGradient(generalisedJsd(), device, { head: "frozen", rowsPerChunk: 64 });
  const states = () => numbersFrom(batch * time * width, -0.5, 0.5);
  const head = () => numbersFrom(vocabulary * width, -0.5, 0.5);
  const student = { studentWidth: width, studentStates: states(), studentHead: head() };
  const teacher = { teacherWidth: width, teacherStates: states().reverse(), teacherHead: head().reverse() };
  return () => run({ batch, time, vocabulary, ...student, ...teacher });
};

const advantages: Kernels[string] = async (_, { batch }) => {
  const rewards = Array.from({ length: batch / 8 }, (_, group) =>
    Array.from({ length: 8 }, (_, at) => Math.sin(8 * group + at)),
  );
  const estimate = groupRelative();
  return async () => estimate({ rewards });
};

/** The kernels that are timed. */
export const kernels: Kernels = {
  "log-probs": statistics(false),
  entropy: statistics(true),
  "GRPO and gradient": grpoGradient,
  "loss from hidden states": hiddenLoss,
  "JSD and gradient": jsd,
  "JSD from hidden states": hiddenJsd,
  groupRelative: advantages,
};
