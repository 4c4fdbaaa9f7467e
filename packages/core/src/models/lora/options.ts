import { above, checkOptions, configurationError, flag, type Rules, wholeFrom, within } from "../../configuration.js";
import type { Adapter, DecoderConfig } from "../decoder/config.js";
import { linearModules } from "./adapterParameters.js";

/** A low-rank adapter, in peft's terms. */
export interface LoraOptions {
  /** Inner size r of the adapter's two matrices. */
  readonly rank: number;
  /** The adapter counts alpha / rank times. */
  readonly alpha: number;
  /** Share of a layer's inputs that an update leaves out of the adapter's product; none is left out elsewhere. */
  readonly dropout: number;
  /** Names, or ends of names, of linear layers (`["q_proj", "v_proj"]`), or all of them but the head. */
  readonly targets: "all-linear" | readonly string[];
  /** Counts the adapter alpha / sqrt(rank) times: rank-stabilised LoRA (Kalajdzievski 2023, https://arxiv.org/abs/2312.03732). */
  readonly rankStabilized: boolean;
}

/** Defaults of {@link LoraOptions}: peft's, but for the targets, which peft chooses by architecture. */
export const loraDefaults: LoraOptions = {
  rank: 8,
  alpha: 8,
  dropout: 0,
  targets: "all-linear",
  rankStabilized: false,
};

const rules: Rules<LoraOptions> = {
  rank: wholeFrom(1),
  alpha: above(0),
  dropout: within(0, 1),
  targets: {
    wanted: '"all-linear" or a list of names of linear layers',
    fits: (value) =>
      value === "all-linear" ||
      (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string" && each !== "")),
  },
  rankStabilized: flag,
};

/** Whether a layer is meant by a target: its whole name, or an end of it behind a dot. */
const isMeant = (module: string, target: string): boolean => module === target || module.endsWith(`.${target}`);

/** What an adapter's product is multiplied by: alpha / rank, or alpha / sqrt(rank). */
export const scalingOf = ({ rank, alpha, rankStabilized }: LoraOptions): number =>
  alpha / (rankStabilized ? Math.sqrt(rank) : rank);

/**
 * The adapter that options ask for on a decoder.
 *
 * @throws ConfigurationError with every option that cannot be, targets that name no linear layer among them.
 */
export const adapterOf = (config: DecoderConfig, options: Partial<LoraOptions>): Adapter => {
  const checked = checkOptions("lora", rules, loraDefaults, options);
  const { rank, dropout, targets } = checked;
  const layers = [...linearModules(config).keys()];
  const names = typeof targets === "string" ? [] : targets;
  const unknown = names.filter((target) => !layers.some((module) => isMeant(module, target)));
  if (unknown.length > 0) {
    const kinds = [...new Set(layers.map((module) => module.slice(module.lastIndexOf(".") + 1)))];
    const given = unknown.map((target) => `"${target}"`).join(", ");
    throw configurationError("lora", [{ field: "targets", given, wanted: `names that end in ${kinds.join(", ")}` }]);
  }
  return {
    rank,
    scaling: scalingOf(checked),
    dropout,
    modules: targets === "all-linear" ? layers : layers.filter((layer) => names.some((each) => isMeant(layer, each))),
  };
};
