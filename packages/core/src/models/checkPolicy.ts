import {
  above,
  type ConfigurationProblem,
  checkOptions,
  flag,
  oneOf,
  optional,
  type Rules,
  wholeFrom,
} from "../configuration.js";
import type { DecoderConfig, VisionConfig } from "./decoder/config.js";
import type { ChatTokenizer } from "./prompts/tokenizer.js";

const rules: Rules<DecoderConfig> = {
  vocabularySize: wholeFrom(1),
  hiddenSize: wholeFrom(1),
  intermediateSize: wholeFrom(1),
  layers: wholeFrom(1),
  heads: wholeFrom(1),
  keyValueHeads: wholeFrom(1),
  headSize: wholeFrom(1),
  ropeTheta: above(0),
  normEpsilon: above(0),
  contextLength: wholeFrom(1),
  ropeScaling: {
    wanted: "a scaling of rotary frequencies, linear or llama3, or nothing",
    fits: (value) =>
      value === undefined || ["linear", "llama3"].includes((value as { type?: string } | null)?.type ?? ""),
  },
  attentionBias: optional(oneOf(["queryKeyValue", "all"])),
  mlpBias: optional(flag),
  queryKeyNorm: optional(flag),
  tiedEmbeddings: optional(flag),
  paddingId: optional(wholeFrom(0)),
  adapter: { wanted: "nothing: it is made of the option lora", fits: (value) => value === undefined },
  recompute: { wanted: "nothing: it is an option of the policy", fits: (value) => value === undefined },
  compute: { wanted: "nothing: it is an option of the policy", fits: (value) => value === undefined },
  fewRows: { wanted: "nothing: rollouts choose it", fits: (value) => value === undefined },
  vision: {
    wanted: "a vision tower's sizes, or nothing",
    fits: (value) => value === undefined || value instanceof Object,
  },
};

const visionRules: Rules<VisionConfig> = {
  patchSize: wholeFrom(1),
  hiddenSize: wholeFrom(1),
  intermediateSize: wholeFrom(1),
  layers: wholeFrom(0),
  imagePositions: wholeFrom(1),
  videoPositions: wholeFrom(0),
};

const across = (config: DecoderConfig, tokenizer: ChatTokenizer): readonly ConfigurationProblem[] => {
  const { heads, keyValueHeads, headSize, vocabularySize } = config;
  const problem = (holds: boolean, field: keyof DecoderConfig, wanted: string): readonly ConfigurationProblem[] =>
    holds ? [] : [{ field, given: String(config[field]), wanted }];
  const tokens = tokenizer.vocabularySize;
  return [
    ...problem(heads % keyValueHeads === 0, "heads", `a multiple of keyValueHeads, ${keyValueHeads}`),
    ...problem(headSize % 2 === 0, "headSize", "an even number: halves are turned by the position"),
    ...problem(vocabularySize >= tokens, "vocabularySize", `at least ${tokens}, the tokenizer's`),
  ];
};

/** Types that an update can compute in. */
export const computeTypes = ["float32", "float16", "bfloat16"] as const;

/** One of {@link computeTypes}. */
export type Compute = (typeof computeTypes)[number];

/** How much goes into one run, and how an update computes. */
export interface RunLimits {
  readonly rowsPerRun: number;
  readonly tokensPerRun: number;
  readonly recompute?: boolean;
  readonly compute?: Compute;
}

/**
 * Whether a decoder can be made of these sizes.
 *
 * @throws ConfigurationError with every size that cannot be.
 */
export const checkPolicy = (config: DecoderConfig, tokenizer: ChatTokenizer, limits: RunLimits): void => {
  checkOptions(
    "decoderPolicy",
    {
      rowsPerRun: wholeFrom(1),
      tokensPerRun: wholeFrom(1),
      recompute: optional(flag),
      compute: optional(oneOf(computeTypes)),
    },
    {},
    limits,
  );
  if (config.vision) checkOptions("decoderPolicy config.vision", visionRules, {}, config.vision);
  checkOptions("decoderPolicy config", rules, {}, config, () => across(config, tokenizer));
};
