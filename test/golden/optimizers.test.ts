import { expandLike, input } from "@msrl/core/graph";
import {
  adamw,
  chain,
  clipByGlobalNorm,
  constant,
  cosine,
  type GradientTransform,
  linear,
  type Schedule,
  sgd,
} from "@msrl/core/optim";
import { describe, it } from "vitest";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { train, update } from "../../packages/core/test/training.js";
import { expectNear, flat, type GoldenCase, goldenCases, type Numbers, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly optimizer?: "AdamW" | "Adam" | "SGD" | "RMSprop" | "Adagrad" | "NAdam" | "RAdam" | "Adamax";
  readonly lr?: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly weight_decay?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly max_grad_norm?: number;
  readonly norm_type?: number | "inf";
  readonly no_decay_params?: readonly number[];
  readonly schedule?: { readonly name: "linear" | "cosine"; readonly warmup: number; readonly total: number };
  readonly max_norm?: number;
  readonly num_warmup_steps?: number;
  readonly num_training_steps?: number;
  readonly min_lr_rate?: number;
  readonly num_cycles?: number;
}

const settingsOf = {
  AdamW: ["lr", "betas", "eps", "weight_decay", "no_decay_params"],
  Adam: ["lr", "betas", "eps", "weight_decay"],
  SGD: ["lr", "momentum", "nesterov"],
} as const;

const scheduleOf: Readonly<Record<string, (rate: number, options: Options) => Schedule>> = {
  get_constant_schedule: (learningRate) => constant({ learningRate }),
  get_constant_schedule_with_warmup: (learningRate, { num_warmup_steps: warmupSteps = 0 }) =>
    constant({ learningRate, warmupSteps }),
  get_linear_schedule_with_warmup: (
    learningRate,
    { num_warmup_steps: warmupSteps = 0, num_training_steps: totalSteps = 0 },
  ) => linear({ learningRate, warmupSteps, totalSteps }),
  get_cosine_schedule_with_warmup: (
    learningRate,
    { num_warmup_steps: warmupSteps = 0, num_training_steps: totalSteps = 0, num_cycles: cycles = 0.5 },
  ) => cosine({ learningRate, warmupSteps, totalSteps, cycles }),
  get_cosine_with_min_lr_schedule_with_warmup: (
    learningRate,
    { num_warmup_steps: warmupSteps = 0, num_training_steps: totalSteps = 0, min_lr_rate: finalFraction = 0 },
  ) => cosine({ learningRate, warmupSteps, totalSteps, finalFraction }),
};

const functionOf = ({ source }: GoldenCase<Options>): string => source.what.split(".").at(-1)!;

/** Why a case is none of the transforms and schedules here; undefined if it is. */
const reason = (one: GoldenCase<Options>): string | undefined => {
  const { options, name } = one;
  if (name.startsWith("schedule/"))
    return functionOf(one) in scheduleOf ? undefined : `${functionOf(one)}: another schedule`;
  if (name.startsWith("clip_grad_norm/")) return undefined;
  const known = settingsOf[options.optimizer as keyof typeof settingsOf] as readonly string[] | undefined;
  if (!known) return `${options.optimizer}: another optimizer`;
  const more = ["optimizer", "max_grad_norm", "norm_type", "schedule", ...known];
  const other = Object.keys(options).find((option) => !more.includes(option));
  if (other) return `${other}: not an option of ${options.optimizer === "SGD" ? "sgd" : "adamw"}`;
  if (options.norm_type !== undefined && options.norm_type !== 2)
    return `norm_type ${options.norm_type}: not Euclidean`;
  if (options.optimizer === "Adam" && options.weight_decay !== 0)
    return "Adam with coupled weight decay: another optimizer";
  return undefined;
};

const learningRateOf = ({ lr = 0, schedule }: Options): Schedule => {
  if (!schedule) return constant({ learningRate: lr });
  const settings = { learningRate: lr, warmupSteps: schedule.warmup, totalSteps: schedule.total };
  return schedule.name === "linear" ? linear(settings) : cosine(settings);
};

const transformOf = (options: Options, weightDecay: number): GradientTransform => {
  const learningRate = learningRateOf(options);
  const { momentum = 0, nesterov = false, betas = [0.9, 0.999], eps = 1e-8, max_grad_norm: maxNorm } = options;
  const step =
    options.optimizer === "SGD"
      ? sgd({ learningRate, momentum, nesterov })
      : adamw({ learningRate, beta1: betas[0], beta2: betas[1], epsilon: eps, weightDecay });
  return maxNorm === undefined ? step : chain(clipByGlobalNorm({ maxNorm }), step);
};

/** A list of arrays as a named tree, those left out which do not belong. */
const tree = (arrays: Numbers | undefined, belongs: (at: number) => boolean = () => true) =>
  Object.fromEntries(
    (arrays as readonly Numbers[]).flatMap((array, at) =>
      belongs(at) ? [[`p${at}`, float64(shapeOf(array), flat(array))] as const] : [],
    ),
  );

const cases = goldenCases<Options>("optimizers");
const applying = cases.filter((one) => reason(one) === undefined);
const { evaluate } = testDevice();

describe("optimizers equal torch.optim", () => {
  const trajectories = applying.filter(({ options }) => options.optimizer);
  it.each(trajectories)("$name", async ({ inputs, options, expected, tolerance }) => {
    const { weight_decay: decay = options.optimizer === "AdamW" ? 0.01 : 0, no_decay_params: free = [] } = options;
    // One optimizer for the parameters that decay, one for those that do not.
    for (const decays of [true, false]) {
      const belongs = (at: number) => free.includes(at) !== decays;
      const parameters = tree(inputs.params, belongs);
      if (Object.keys(parameters).length === 0) continue;
      const gradients = (inputs.grads as readonly Numbers[]).map((one) => tree(one, belongs));
      const steps = await train(evaluate, transformOf(options, decays ? decay : 0), parameters, gradients);
      for (const [at, step] of steps.entries()) {
        const wanted = tree((expected.params as readonly Numbers[])[at], belongs);
        for (const name of Object.keys(wanted))
          expectNear(numbers(step.parameters[name]), numbers(wanted[name]), tolerance);
        if (!expected.grad_norms) continue;
        expectNear(numbers(step.metrics.gradient_norm), [flat(expected.grad_norms)[at]!], tolerance);
      }
      // The metric is float32.
      const rates = steps.map(({ metrics }) => numbers(metrics.learning_rate)[0]!);
      expectNear(rates, flat(expected.lrs), { rtol: 1e-7, atol: 1e-12 });
    }
  });
});

describe("clipByGlobalNorm equals clip_grad_norm_ of torch", () => {
  it.each(applying.filter(({ name }) => name.startsWith("clip_grad_norm/")))("$name", async (one) => {
    const gradients = tree(one.inputs.grads);
    const zero = Object.fromEntries(
      Object.entries(gradients).map(([name, { shape, data }]) => [name, float64(shape, Array(data.length).fill(0))]),
    );
    const clip = clipByGlobalNorm({ maxNorm: one.options.max_norm! });
    const { parameters, metrics } = await update(evaluate, clip, zero, gradients);
    const wanted = tree(one.expected.grads);
    for (const name of Object.keys(wanted)) expectNear(numbers(parameters[name]), numbers(wanted[name]), one.tolerance);
    expectNear(numbers(metrics.gradient_norm), flat(one.expected.total_norm), one.tolerance);
  });
});

describe("schedules equal those of transformers", () => {
  it.each(applying.filter(({ name }) => name.startsWith("schedule/")))("$name", async (one) => {
    const schedule = scheduleOf[functionOf(one)]!(one.inputs.base_lr as number, one.options);
    const steps = one.inputs.steps as number;
    const counts = float64(
      [steps],
      Array.from({ length: steps }, (_, at) => at),
    );
    const count = input("count", "float64", [steps]);
    // A constant is a scalar: spread over the counts.
    const { rates } = await evaluate({ rates: expandLike(schedule.at(count), count) }, { count: counts });
    expectNear(numbers(rates), flat(one.expected.lrs), one.tolerance);
  });
});

describe("cases of torch and transformers that do not apply", () => {
  skipCases(cases, reason);
});
