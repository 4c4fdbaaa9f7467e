import type { EngineAdam } from "./client.js";

/**
 * How an engine makes one number of the losses of tokens (T: length of a datum, N: datums since the last step): `sum`;
 * `tokenMean`: sum over datums of means over their T; `sequenceMean`: mean over datums of sums; `sequenceTokenMean`: mean
 * over datums of means over their T; `callMean`: mean over all positions of a call.
 */
export type Reduction = "sum" | "tokenMean" | "sequenceMean" | "sequenceTokenMean" | "callMean";

/** Every {@link Reduction}. */
export const reductions: readonly Reduction[] = ["sum", "tokenMean", "sequenceMean", "sequenceTokenMean", "callMean"];

/** Losses of an engine that may stand in for ours. */
export type BuiltInLoss = "importance_sampling" | "ppo" | "cispo" | "cross_entropy";

/** What an engine does that the protocol leaves open. */
export interface EngineFacts {
  readonly reduction: Reduction;
  /** Its losses that count as the protocol says; the others are sent as gradients. */
  readonly builtIn: readonly BuiltInLoss[];
  /** Numbers of the optimizer that it takes from elsewhere, whatever it is sent; gradClipNorm 0: it does not clip. */
  readonly fixed: Partial<Omit<EngineAdam, "learningRate">>;
  /** Whether its sampler scores tokens as its trainer does, to 1e-3 nats. */
  readonly sampler: "trainer" | "other";
  /** Whether log-probs of completions are those at the temperature they were drawn at, or at 1. */
  readonly temperature: "followed" | "ignored";
  /** Whether it trains and draws with images in a prompt. */
  readonly images: boolean;
}

const allBuiltIn: readonly BuiltInLoss[] = ["importance_sampling", "ppo", "cispo", "cross_entropy"];

/**
 * What is known of engines: `skyrlJax` measured, the others read in their sources or documentation.
 *
 * `skyrlTorch` is SkyRL on FSDP or Megatron, whose optimizer is set in the server's `backend_config`: the numbers here are
 * its defaults.
 *
 * @since 0.1.0
 */
export const tinkerEngines = {
  skyrlJax: {
    reduction: "sequenceTokenMean",
    builtIn: ["importance_sampling", "ppo", "cispo", "cross_entropy"],
    fixed: { gradClipNorm: 0 },
    sampler: "trainer",
    temperature: "ignored",
    images: false,
  },
  skyrlTorch: {
    reduction: "sum",
    builtIn: allBuiltIn,
    fixed: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2, gradClipNorm: 1 },
    sampler: "other",
    temperature: "ignored",
    images: true,
  },
  tuft: {
    reduction: "sum",
    builtIn: allBuiltIn,
    fixed: {},
    sampler: "other",
    temperature: "ignored",
    images: false,
  },
  twinkle: {
    reduction: "sequenceTokenMean",
    builtIn: [],
    fixed: { gradClipNorm: 0 },
    sampler: "other",
    temperature: "ignored",
    images: false,
  },
  hatchery: {
    reduction: "callMean",
    builtIn: [],
    fixed: { gradClipNorm: 0 },
    sampler: "other",
    temperature: "ignored",
    images: true,
  },
  hosted: {
    reduction: "sum",
    builtIn: allBuiltIn,
    fixed: {},
    sampler: "other",
    temperature: "ignored",
    images: true,
  },
} as const satisfies Readonly<Record<string, EngineFacts>>;

/** What is taken for granted of an engine that nothing is said of; the rest is measured (`calibrate`). */
export const unnamedEngine: Pick<EngineFacts, "fixed" | "temperature" | "images"> = {
  fixed: { gradClipNorm: 0 },
  temperature: "ignored",
  images: false,
};

/**
 * By what the gradient of each datum has to be multiplied for the engine's reduction to be the plain sum.
 *
 *     sum 1,  tokenMean T_i,  sequenceMean N,  sequenceTokenMean N T_i,  callMean sum_j T_j
 *
 * @example
 * import { reductionFactors } from "@msrl/core/tinker";
 * assert.deepStrictEqual(reductionFactors("sequenceTokenMean", [3, 5]), [6, 10]);
 * @since 0.1.0
 */
export const reductionFactors = (reduction: Reduction, lengths: readonly number[]): readonly number[] => {
  const all = lengths.reduce((a, b) => a + b, 0);
  const factor: Readonly<Record<Reduction, (length: number) => number>> = {
    sum: () => 1,
    tokenMean: (length) => length,
    sequenceMean: () => lengths.length,
    sequenceTokenMean: (length) => length * lengths.length,
    callMean: () => all,
  };
  return lengths.map(factor[reduction]);
};
