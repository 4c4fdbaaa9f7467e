import { type Label, type Tagged, tagged } from "@msrl/core";
import fc from "fast-check";
import { anyCompletion, type CompletionsOptions, completionsDefaults } from "./completions.js";
import { exploitsOf } from "./exploits.js";
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
import { type RewardLawsOptions, rewardLawsOptions } from "./rewardLawsOptions.js";

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

/** What came of each law, for a function of that name. */
export const lawResults = async <Reference>(
  where: string,
  reward: AnyReward<Reference>,
  given: RewardLawsOptions<Reference>,
): Promise<readonly LawResult[]> => {
  const options = rewardLawsOptions(where, reward, given);
  const form = { ...completionsDefaults, ...options.form };
  const labels = fc.record({ label: fc.constantFrom<Label>("A", "B") }) as fc.Arbitrary<unknown>;
  const references = options.references ?? (labels as fc.Arbitrary<Reference>);
  const { runs, seed, bounds, grouped } = options;
  const swap = options.swap === undefined ? (swapIn(form.tags.at(-1)!) as Swap<Reference>) : options.swap;
  const honestWrong = options.honestWrong === undefined ? otherAnswer(form) : options.honestWrong;
  const exploits = [...exploitsOf(form.answers), ...options.exploits];
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
 * Checks a reward against the laws that every reward should hold, and tells what came of each.
 *
 * Total, deterministic, batch-invariant, permutation-equivariant, linear time; bounded if bounds are given; symmetric
 * under exchanging A and B and unhackable unless they are said not to apply; strict if asked for.
 *
 * @throws ConfigurationError with every option that cannot be, or if the reward is none.
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
): Promise<readonly LawResult[]> => lawResults("checkRewardLaws", reward, options);

/**
 * Checks a reward against all laws; broken ones make one error that reads like a bug report, the smallest case of each
 * with it. A reward that fails is reported once, under `total`; laws that it was in the way of are named as not reached.
 *
 * Runs under any test runner, or none.
 *
 * @throws RewardLawsBroken naming every law that does not hold.
 * @throws ConfigurationError with every option that cannot be, or if the reward is none.
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
  const results = await lawResults("propertyTestReward", reward, options);
  const { laws, reports } = brokenLaws(results);
  if (laws.length === 0) return;
  const { name = reward.name || "the reward" } = options;
  const head = `${name} breaks ${laws.length} of ${results.length} laws`;
  const error = tagged("RewardLawsBroken", [head, ...reports].join("\n\n"), { laws });
  throw Object.assign(new Error(error.message), error);
};
