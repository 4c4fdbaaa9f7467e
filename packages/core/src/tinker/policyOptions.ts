import {
  type ConfigurationProblem,
  callable,
  checkOptions,
  oneOf,
  optional,
  type Rule,
  type Rules,
  shown,
  text,
  wholeFrom,
} from "../configuration.js";
import type { ChatTokenizer } from "../models/prompts/tokenizer.js";
import type { Device } from "../session/device.js";
import type { TinkerClient } from "./client.js";
import type { ImageTokens } from "./engineData.js";
import { type EngineFacts, reductions } from "./engineFacts.js";

/** What a policy on a training engine is made of. */
export interface TinkerPolicyOptions {
  /** Where the engine is, f.e. `http://127.0.0.1:8000`; not with `client`. */
  readonly url?: string;
  /** Its key; not with `client`. */
  readonly apiKey?: string;
  /** A connection made before, in the place of `url` and `apiKey`. */
  readonly client?: TinkerClient;
  /** The model as the engine names it. */
  readonly baseModel: string;
  /** Rank of the adapter that is trained; default {@link tinkerPolicyDefaults}. */
  readonly rank: number;
  readonly tokenizer: ChatTokenizer;
  /** Where losses are computed: one small kernel a loss, no model. */
  readonly device: Device;
  /** What is known of the engine (`tinkerEngines`); what is left out is measured before the first update. */
  readonly engine?: Partial<EngineFacts>;
  /** Places of a sequence that the engine gives to an image; without it prompts with images are refused. */
  readonly imageTokens?: ImageTokens;
  /** Longest prompt plus completion; default: what the engine itself refuses. */
  readonly contextLength?: number;
  /** Name for messages. */
  readonly name: string;
}

/** Defaults of {@link TinkerPolicyOptions}. */
export const tinkerPolicyDefaults = { rank: 16, name: "engine" } as const;

const given = (wanted: string): Rule => ({ wanted, fits: (value) => typeof value === "object" && value !== null });

const rules: Rules<TinkerPolicyOptions> = {
  url: optional(text),
  apiKey: optional(text),
  client: optional(given("a client")),
  baseModel: text,
  rank: wholeFrom(1),
  tokenizer: given("a tokenizer"),
  device: given("a device"),
  engine: optional(given("facts of an engine, f.e. tinkerEngines.hosted")),
  imageTokens: optional(callable),
  contextLength: optional(wholeFrom(1)),
  name: text,
};

const together = ({ url, client, engine = {}, imageTokens }: TinkerPolicyOptions): readonly ConfigurationProblem[] => [
  ...((url === undefined) === (client === undefined)
    ? [{ field: "url, client", given: url === undefined ? "neither" : "both", wanted: "one of them" }]
    : []),
  ...(engine.reduction !== undefined && !reductions.includes(engine.reduction)
    ? [{ field: "engine.reduction", given: shown(engine.reduction), wanted: oneOf(reductions).wanted }]
    : []),
  ...(imageTokens && !engine.images
    ? [{ field: "engine.images", given: shown(engine.images), wanted: "true, where imageTokens is given" }]
    : []),
];

/** The options, checked. */
export const tinkerPolicyOptions = (
  options: Omit<TinkerPolicyOptions, keyof typeof tinkerPolicyDefaults> & Partial<TinkerPolicyOptions>,
): TinkerPolicyOptions =>
  checkOptions<TinkerPolicyOptions>("tinkerPolicy", rules, tinkerPolicyDefaults, options, together);
