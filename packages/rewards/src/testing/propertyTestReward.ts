import { type Label, type Tagged, tagged } from "@msrl/core";
import fc from "fast-check";
import { anyCompletion, type CompletionsOptions, completionsDefaults } from "./completions.js";
import { type Exploit, exploitsOf } from "./exploits.js";
import { type AnyReward, brokenLaws, type LawResult } from "./law.js";
import { batchInvariant } from "./laws/batchInvariant.js";
import { bounded } from "./laws/bounded.js";
import { deterministic } from "./laws/deterministic.js";
import { linearTime } from "./laws/linearTime.js";
import { permutationEquivariant } from "./laws/permutationEquivariant.js";
import { strict } from "./laws/strict.js";
import { type Swap, symmetric } from "./laws/symmetric.js";
import { total } from "./laws/total.js";
import { unhackable } from "./laws/unhackable.js";

/** Settings of {@link checkRewardLaws}. */
export interface RewardLawsOptions<Reference> {
  /** What the reward is called in the report. */
  readonly name?: string;
  /** What completions are judged against; by default `{ label: "A" }` and `{ label: "B" }`. */
  readonly references?: fc.Arbitrary<Reference>;
  /** The form that completions have where they are well-formed. */
  readonly form?: Partial<CompletionsOptions>;
  /** Lowest and highest value; without it, values only have to be finite. */
  readonly bounds?: readonly [low: number, high: number];
  /** Whether a value may depend on the group of its completion. */
  readonly grouped?: boolean;
  /** Whether a completion that misses its form has to be worth less than a well-formed one: for format rewards. */
  readonly strict?: boolean;
  /** Exchanges A and B; `null`: the reward knows no A and B. By default letters in the last tag, and the label. */
  readonly swap?: Swap<Reference> | null;
  /** A wrong answer in the right form; `null`: there is none. By default the other letter. */
  readonly honestWrong?: ((reference: Reference) => string) | null;
  /** Exploits beside those that are known. */
  readonly exploits?: readonly Exploit[];
  /** Made-up cases a law; default 200. */
  readonly runs?: number;
  /** The same seed, the same cases; default 1. */
  readonly seed?: number;
}

/** A reward that breaks laws, with a report of each. */
export type RewardLawsBroken = Tagged<"RewardLawsBroken", { readonly laws: readonly string[] }>;

interface Labelled {
  readonly label?: Label;
}

const other = (label: string): string => (label === "A" ? "B" : label === "B" ? "A" : label);

/** Letters A and B exchanged inside the blocks of a tag, and in the label. */
const swapIn =
  (tag: string): Swap<unknown> =>
  (text, reference) => {
    const { label } = reference as Labelled;
    const blocks = new RegExp(`(<${tag}>)([^<]*)`, "gi");
    const swapped = text.replace(blocks, (_, open: string, content: string) => {
      const letters = content.replace(/[ab]/gi, (letter) => ({ A: "B", B: "A", a: "b", b: "a" })[letter]!);
      return `${open}${letters}`;
    });
    return [swapped, label === undefined ? reference : { ...(reference as object), label: other(label) }];
  };

/** The other letter in the right form. */
const otherAnswer =
  ({ tags }: CompletionsOptions) =>
  (reference: unknown): string => {
    const { label = "A" } = reference as Labelled;
    const last = tags.length - 1;
    return tags.map((tag, at) => `<${tag}>${at === last ? other(label) : "so it seems"}</${tag}>`).join("\n");
  };

/**
 * Checks a reward against the laws that every reward should hold, and tells what came of each.
 *
 * Total, deterministic, batch-invariant, permutation-equivariant, linear time; bounded if bounds are given; symmetric
 * under exchanging A and B and unhackable unless they are said not to apply; strict if asked for.
 *
 * @example
 * import { accuracy } from "@msrl/rewards";
 * import { checkRewardLaws } from "@msrl/rewards/testing";
 * const results = await checkRewardLaws(accuracy(), { bounds: [0, 1], runs: 20 });
 * assert(results.every(({ holds }) => holds));
 * @since 0.1.0
 */
export const checkRewardLaws = async <Reference = { readonly label: Label }>(
  reward: AnyReward<Reference>,
  options: RewardLawsOptions<Reference> = {},
): Promise<readonly LawResult[]> => {
  const form = { ...completionsDefaults, ...options.form };
  const labels = fc.record({ label: fc.constantFrom<Label>("A", "B") }) as fc.Arbitrary<unknown>;
  const references = options.references ?? (labels as fc.Arbitrary<Reference>);
  const { runs = 200, seed = 1, bounds, grouped = false } = options;
  const swap = options.swap === undefined ? (swapIn(form.tags.at(-1)!) as Swap<Reference>) : options.swap;
  const honestWrong = options.honestWrong === undefined ? otherAnswer(form) : options.honestWrong;
  const exploits = [...exploitsOf(form.answers), ...(options.exploits ?? [])];
  const common = { references, texts: anyCompletion(form), runs, seed };
  return [
    await total(reward, common),
    ...(bounds ? [await bounded(reward, { ...common, bounds })] : []),
    await deterministic(reward, common),
    await batchInvariant(reward, { ...common, grouped }),
    await permutationEquivariant(reward, common),
    ...(swap ? [await symmetric(reward, { ...common, swap })] : []),
    ...(options.strict ? [await strict(reward, { ...common, form })] : []),
    ...(honestWrong ? [await unhackable(reward, { ...common, exploits, honestWrong })] : []),
    await linearTime(reward, common),
  ];
};

/**
 * Checks a reward against all laws; broken ones make one error that reads like a bug report, the smallest case of each
 * with it. A reward that fails is reported once, under `total`; laws that it was in the way of are named as not reached.
 *
 * Runs under any test runner, or none.
 *
 * @throws RewardLawsBroken naming every law that does not hold.
 * @example
 * import { official } from "@msrl/rewards";
 * import { propertyTestReward } from "@msrl/rewards/testing";
 * const tested = propertyTestReward(official.format, { name: "the official format reward", strict: true, runs: 50 });
 * await assert.rejects(tested, /strict: a completion that misses its form is worth 1/);
 * @since 0.1.0
 */
export const propertyTestReward = async <Reference = { readonly label: Label }>(
  reward: AnyReward<Reference>,
  options: RewardLawsOptions<Reference> = {},
): Promise<void> => {
  const results = await checkRewardLaws(reward, options);
  const { laws, reports } = brokenLaws(results);
  if (laws.length === 0) return;
  const { name = reward.name || "the reward" } = options;
  const head = `${name} breaks ${laws.length} of ${results.length} laws`;
  const error = tagged("RewardLawsBroken", [head, ...reports].join("\n\n"), { laws });
  throw Object.assign(new Error(error.message), error);
};
