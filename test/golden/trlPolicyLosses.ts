import {
  bnpo,
  type ClipPpoOptions,
  type ClipRule,
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
  policyLoss,
  sapo,
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
  readonly entropy_coef?: number;
  readonly adaptive?: { readonly entropy_coef: number; last_world_entropy: number; entropy_target: number };
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
} as const;

type Type = keyof typeof aggregation;
/** Loss type of a case. */
export const typeOf = ({ loss_type: type = "grpo" }: TrlOptions) => type as Type;
/** Level of its ratio, in TRL's words. */
export const levelOf = ({ importance_sampling_level: level = "token" }: TrlOptions) => level;
/** The trainer of a case, where it is not `GRPOTrainer`. */
export const kindOf = (name: string) => /^(gmpo|rloo|gspo_token)\//.exec(name)?.[1];

/** Why no loss of ours is that of a case; undefined if one is. */
export const reason = ({ name, options }: GoldenCase<TrlOptions>): string | undefined => {
  const type = typeOf(options);
  if (!(type in aggregation)) return `loss_type ${type}: not among the policy losses`;
  const other = Object.keys(options).find((option) => !known.has(option));
  if (other && !(other === "top_entropy_quantile" && options.top_entropy_quantile === 1))
    return `${other}: not a term of a policy loss`;
  if (type === "luspo" && !kindOf(name) && (levelOf(options) === "token" || options.beta))
    return "luspo of a loss a token: TRL's mean is over padding too";
  return undefined;
};

const clipOf = (options: TrlOptions) => {
  switch (typeOf(options)) {
    case "cispo":
      return { maxRatio: options.epsilon_high ?? 0.2 };
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

const termsOf = ({ beta = 0, use_bias_correction_kl: correctedKl = false, entropy_coef = 0, adaptive }: TrlOptions) => {
  // The controller's part: no bonus in an update that follows one of more entropy than the target.
  const open = adaptive && adaptive.last_world_entropy <= adaptive.entropy_target;
  return { beta, correctedKl, entropyBonus: adaptive ? (open ? adaptive.entropy_coef : 0) : entropy_coef };
};

const tokenRecipes = { bnpo, dapo, dr_grpo: drGrpo, cispo, sapo } as const;

/** The recipe of a case where one has its name, else the composition. */
export const lossOf = ({ name, options }: GoldenCase<TrlOptions>): Loss => {
  const [type, level, kind] = [typeOf(options), levelOf(options), kindOf(name)];
  const [clip, { beta, correctedKl, entropyBonus }] = [clipOf(options), termsOf(options)];
  const terms = { beta, correctedKl, entropyBonus };
  const reduced = {
    aggregation: aggregation[type],
    ...(type === "dr_grpo" && { maxTokens: options.max_completion_length ?? 16 }),
  };
  const all = { ...clip, ...terms, ...reduced };
  if (kind === "gmpo") return gmpo(all);
  if (kind === "rloo")
    return policyLoss({
      name: kind,
      ratio: "trajectory",
      clip: clipPpo(clip as Partial<ClipPpoOptions>),
      aggregation: "sequenceMean",
    });
  if (level === "token" && type in tokenRecipes) return tokenRecipes[type as keyof typeof tokenRecipes](all as never);
  if (level === "token" && type === "grpo" && !correctedKl && entropyBonus === 0)
    return grpo({ ...clip, beta, ...reduced });
  if (level === "sequence" && type === "grpo") return gspo(all);
  if (level === "sequence" && type === "luspo") return luspo(all);
  const rule = ({ cispo: clipCispo, sapo: clipSapo }[type as string] ?? clipPpo) as (given: never) => ClipRule;
  const ratio = level === "sequence_token" ? "sequenceToken" : (level as "token" | "sequence");
  return policyLoss({ name: type, ratio, clip: rule(clip as never), ...reduced, terms });
};
