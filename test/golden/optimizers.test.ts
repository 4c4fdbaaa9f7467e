import { expandLike, input } from "@msrl/core/graph";
import {
  adam,
  adamw,
  addDecayedWeights,
  chain,
  clipByGlobalNorm,
  constant,
  cosine,
  decayShapes,
  type GradientTransform,
  identity,
  linear,
  partitioned,
  type Schedule,
  scale,
  sgd,
  warmupStableDecay,
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
  readonly maximize?: boolean;
  readonly max_grad_norm?: number;
  readonly norm_type?: number | "inf";
  readonly no_decay_params?: readonly number[];
  readonly schedule?: { readonly name: "linear" | "cosine"; readonly warmup: number; readonly total: number };
  readonly max_norm?: number;
  readonly num_warmup_steps?: number;
  readonly num_training_steps?: number;
  readonly min_lr_rate?: number;
  readonly num_cycles?: number;
  readonly num_decay_steps?: number;
  readonly decay_type?: "linear" | "cosine" | "1-sqrt";
  readonly warmup_type?: string;
  readonly min_lr_ratio?: number;
}

const settingsOf = {
  AdamW: ["lr", "betas", "eps", "weight_decay", "no_decay_params", "maximize"],
  Adam: ["lr", "betas", "eps", "weight_decay", "maximize"],
  SGD: ["lr", "momentum", "nesterov", "weight_decay", "maximize"],
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
  get_wsd_schedule: (
    learningRate,
    {
      num_warmup_steps: warmupSteps = 0,
      num_decay_steps: decaySteps = 0,
      num_training_steps: totalSteps = 0,
      min_lr_ratio: finalFraction = 0,
      decay_type: type = "cosine",
    },
  ) => {
    const shape = { linear: decayShapes[0], cosine: decayShapes[1], "1-sqrt": decayShapes[2] }[type];
    return warmupStableDecay({ learningRate, warmupSteps, decaySteps, totalSteps, finalFraction, shape });
  },
};

const functionOf = ({ source }: GoldenCase<Options>): string => source.what.split(".").at(-1)!;

/** Why a case is none of the transforms and schedules here; undefined if it is. */
const reason = (one: GoldenCase<Options>): string | undefined => {
  const { options, name } = one;
  if (name.startsWith("schedule/") && (options.warmup_type ?? "linear") !== "linear")
    return `warmup_type ${options.warmup_type}: another schedule`;
  if (name.startsWith("schedule/"))
    return functionOf(one) in scheduleOf ? undefined : `${functionOf(one)}: another schedule`;
  if (name.startsWith("clip_grad_norm/")) return undefined;
  const known = settingsOf[options.optimizer as keyof typeof settingsOf] as readonly string[] | undefined;
  if (!known) return `${options.optimizer}: another optimizer`;
  const more = ["optimizer", "max_grad_norm", "norm_type", "schedule", ...known];
  const other = Object.keys(options).find((option) => !more.includes(option));
  if (other) return `${other}: not an option of ${options.optimizer?.toLowerCase()}`;
  if (options.norm_type !== undefined && options.norm_type !== 2)
    return `norm_type ${options.norm_type}: not Euclidean`;
  return undefined;
};

const learningRateOf = ({ lr = 0, schedule }: Options): Schedule => {
  if (!schedule) return constant({ learningRate: lr });
  const settings = { learningRate: lr, warmupSteps: schedule.warmup, totalSteps: schedule.total };
  return schedule.name === "linear" ? linear(settings) : cosine(settings);
};

/** The optimizer, its weight decay in it (AdamW) or before it (the L2 penalty of Adam and SGD). */
const stepOf = (options: Options, weightDecay: number): GradientTransform => {
  const learningRate = learningRateOf(options);
  const { momentum = 0, nesterov = false, betas = [0.9, 0.999], eps: epsilon = 1e-8 } = options;
  const [beta1, beta2] = betas;
  if (options.optimizer === "AdamW") return adamw({ learningRate, beta1, beta2, epsilon, weightDecay });
  const step =
    options.optimizer === "SGD"
      ? sgd({ learningRate, momentum, nesterov })
      : adam({ learningRate, beta1, beta2, epsilon });
  return weightDecay === 0 ? step : chain(addDecayedWeights({ weightDecay }), step);
};

/** A trajectory's transform: clip, turn round, then step, the parameters that do not decay apart. */
const transformOf = (options: Options, names: readonly string[]): GradientTransform => {
  const { max_grad_norm: maxNorm, maximize = false, no_decay_params: free = [] } = options;
  const decay = options.weight_decay ?? (options.optimizer === "AdamW" ? 0.01 : 0);
  const isFree = (name: string): boolean => free.some((at) => name === `p${at}`);
  const step =
    free.length === 0
      ? stepOf(options, decay)
      : partitioned([
          { groups: names.filter((name) => !isFree(name)), transform: stepOf(options, decay) },
          { groups: names.filter(isFree), transform: stepOf(options, 0) },
        ]);
  return chain(
    maxNorm === undefined ? identity : clipByGlobalNorm({ maxNorm }),
    maximize ? scale({ factor: -1 }) : identity,
    step,
  );
};

/** A list of arrays as a named tree. */
const tree = (arrays: Numbers | undefined) =>
  Object.fromEntries(
    (arrays as readonly Numbers[]).map((array, at) => [`p${at}`, float64(shapeOf(array), flat(array))]),
  );

const cases = goldenCases<Options>("optimizers");
const applying = cases.filter((one) => reason(one) === undefined);
const { evaluate } = testDevice();

describe("optimizers equal torch.optim", () => {
  const trajectories = applying.filter(({ options }) => options.optimizer);
  it.each(trajectories)("$name", async ({ inputs, options, expected, tolerance }) => {
    const parameters = tree(inputs.params);
    const gradients = (inputs.grads as readonly Numbers[]).map((one) => tree(one));
    const steps = await train(evaluate, transformOf(options, Object.keys(parameters)), parameters, gradients);
    for (const [at, step] of steps.entries()) {
      for (const [name, wanted] of Object.entries(tree((expected.params as readonly Numbers[])[at])))
        expectNear(numbers(step.parameters[name]), numbers(wanted), tolerance);
      if (expected.grad_norms)
        expectNear(numbers(step.metrics.gradient_norm), [flat(expected.grad_norms)[at]!], tolerance);
      const rates = Object.entries(step.metrics).filter(([name]) => name.endsWith("learning_rate"));
      // The metric is float32.
      for (const [, rate] of rates) expectNear(numbers(rate), [flat(expected.lrs)[at]!], { rtol: 1e-7, atol: 1e-12 });
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
    const counts = float64([steps], [...Array(steps).keys()]);
    const count = input("count", "float64", [steps]);
    // A constant is a scalar: spread over the counts.
    const { rates } = await evaluate({ rates: expandLike(schedule.at(count), count) }, { count: counts });
    expectNear(numbers(rates), flat(one.expected.lrs), one.tolerance);
  });
});

describe("cases of torch and transformers that do not apply", () => {
  skipCases(cases, reason);
});
