import {
  adaptiveEntropy,
  bnpo,
  type ClipPpoOptions,
  type ClipRule,
  type Correction,
  cispo,
  clipCispo,
  clipPpo,
  clipSapo,
  dapo,
  drGrpo,
  gmpo,
  grpo,
  gspo,
  type Loss,
  luspo,
  offPolicySequenceMask,
  policyLoss,
  sapo,
  truncatedImportance,
  vespo,
} from "@msrl/core/losses";
import type { GoldenCase } from "./golden.js";

/** Settings of TRL that the cases use. */
export interface TrlOptions {
  readonly loss_type?: string;
  readonly importance_sampling_level?: string;
  readonly beta?: number;
  readonly epsilon_low?: number;
  readonly epsilon_high?: number;
  readonly delta?: number;
  readonly max_completion_length?: number;
  readonly gradient_accumulation_steps?: number;
  readonly steps_per_generation?: number;
  readonly num_items_in_batch?: number;
  readonly training?: boolean;
  readonly top_entropy_quantile?: number;
  readonly use_bias_correction_kl?: boolean;
  readonly sapo_temperature_pos?: number;
  readonly sapo_temperature_neg?: number;
  readonly vespo_k_pos?: number;
  readonly vespo_lambda_pos?: number;
  readonly vespo_k_neg?: number;
  readonly vespo_lambda_neg?: number;
  readonly off_policy_mask_threshold?: number;
  readonly entropy_coef?: number;
  readonly adaptive?: {
    readonly entropy_coef: number;
    readonly last_world_entropy: number;
    readonly entropy_target: number;
    readonly entropy_coef_delta: number;
    readonly entropy_coef_max: number;
    readonly entropy_coef_min: number;
  };
}

const known = new Set([
  "loss_type",
  "importance_sampling_level",
  "beta",
  "epsilon_low",
  "epsilon_high",
  "delta",
  "max_completion_length",
  "gradient_accumulation_steps",
  "steps_per_generation",
  "num_items_in_batch",
  "training",
  "top_entropy_quantile",
  "off_policy_mask_threshold",
  "vespo_k_pos",
  "vespo_lambda_pos",
  "vespo_k_neg",
  "vespo_lambda_neg",
  "use_bias_correction_kl",
  "sapo_temperature_pos",
  "sapo_temperature_neg",
  "entropy_coef",
  "adaptive",
  "use_vllm",
  "vllm_importance_sampling_correction",
]);

/** Aggregations by loss type. */
export const aggregation = {
  grpo: "sequenceMean",
  bnpo: "tokenMean",
  dapo: "tokenMean",
  dr_grpo: "constant",
  luspo: "sequenceSum",
  cispo: "tokenMean",
  sapo: "sequenceMean",
  vespo: "tokenMean",
} as const;

type Type = keyof typeof aggregation;
/** Loss type of a case. */
export const typeOf = ({ loss_type: type = "grpo" }: TrlOptions) => type as Type;
/** Level of its ratio, in TRL's words. */
export const levelOf = ({ importance_sampling_level: level = "token" }: TrlOptions) => level;
/** The trainer of a case, where it is not `GRPOTrainer`. */
export const kindOf = (name: string) => /^(gmpo|rloo|gspo_token)\//.exec(name)?.[1];

/** Why no loss of ours is that of a case; undefined if one is. */
export const reason = ({ options }: GoldenCase<TrlOptions>): string | undefined => {
  const type = typeOf(options);
  if (!(type in aggregation)) return `loss_type ${type}: not among the policy losses`;
  const other = Object.keys(options).find((option) => !known.has(option));
  return other && `${other}: not a term of a policy loss`;
};

const clipOf = (options: TrlOptions) => {
  switch (typeOf(options)) {
    case "cispo":
      return { maxRatio: options.epsilon_high ?? 0.2 };
    case "vespo":
      return {
        powerPositive: options.vespo_k_pos ?? 2,
        decayPositive: options.vespo_lambda_pos ?? 3,
        powerNegative: options.vespo_k_neg ?? 3,
        decayNegative: options.vespo_lambda_neg ?? 2,
      };
    case "sapo":
      return {
        temperaturePositive: options.sapo_temperature_pos ?? 1,
        temperatureNegative: options.sapo_temperature_neg ?? 1.05,
      };
    default:
      // GRPO_DEFAULTS of the generator.
      return {
        epsilonLow: options.epsilon_low ?? 0.2,
        epsilonHigh: options.epsilon_high ?? 0.2,
        ...(options.delta !== undefined && { delta: options.delta }),
      };
  }
};

/** The controller of a case's entropy bonus, and its state before the update. */
export const controllerOf = (adaptive: NonNullable<TrlOptions["adaptive"]>) => ({
  controller: adaptiveEntropy({
    initial: adaptive.entropy_coef,
    target: adaptive.entropy_target,
    step: adaptive.entropy_coef_delta,
    max: adaptive.entropy_coef_max,
    min: adaptive.entropy_coef_min,
  }),
  state: { coefficient: adaptive.entropy_coef, entropy: adaptive.last_world_entropy },
});

const bonusOf = ({ entropy_coef = 0, adaptive }: TrlOptions): number => {
  if (!adaptive) return entropy_coef;
  const { controller, state } = controllerOf(adaptive);
  return controller.weight(state);
};

const termsOf = (options: TrlOptions) => ({
  beta: options.beta ?? 0,
  correctedKl: options.use_bias_correction_kl ?? false,
  entropyBonus: bonusOf(options),
  topEntropyShare: options.top_entropy_quantile ?? 1,
});

/** The sampler's weights as they are (see `samplerLogProbs` of the feeds), and the mask of sequences. */
const correctionsOf = ({ inputs, options }: GoldenCase<TrlOptions>): readonly Correction[] => [
  ...(inputs.is_ratio ? [truncatedImportance({ max: 1e30 })] : []),
  ...(options.off_policy_mask_threshold === undefined
    ? []
    : [offPolicySequenceMask({ threshold: options.off_policy_mask_threshold })]),
];

const tokenRecipes = { bnpo, dapo, dr_grpo: drGrpo, cispo, sapo, grpo } as const;

/** The recipe of a case where one has its name, else the composition. */
export const lossOf = (one: GoldenCase<TrlOptions>): Loss => {
  const { name, options } = one;
  const [type, level, kind] = [typeOf(options), levelOf(options), kindOf(name)];
  const [clip, terms, correction] = [clipOf(options), termsOf(options), correctionsOf(one)];
  const reduced = {
    aggregation: aggregation[type],
    ...(type === "dr_grpo" && { maxTokens: options.max_completion_length ?? 16 }),
  };
  const all = { ...clip, ...terms, ...reduced, correction };
  if (kind === "gmpo") return gmpo(all);
  if (kind === "rloo")
    return policyLoss({
      name: kind,
      ratio: "trajectory",
      clip: clipPpo(clip as Partial<ClipPpoOptions>),
      aggregation: "sequenceMean",
    });
  if (level === "token" && type in tokenRecipes) return tokenRecipes[type as keyof typeof tokenRecipes](all as never);
  if (type === "vespo") return vespo(all);
  if (level === "sequence" && type === "grpo") return gspo(all);
  if (level === "sequence" && type === "luspo") return luspo(all);
  const rule = ({ cispo: clipCispo, sapo: clipSapo }[type as string] ?? clipPpo) as (given: never) => ClipRule;
  const ratio = level === "sequence_token" ? "sequenceToken" : (level as "token" | "sequence");
  return policyLoss({ name: type, ratio, clip: rule(clip as never), ...reduced, terms, correction });
};
