import type { CompletionBatch, Mark } from "@msrl/core";
import { shown } from "@msrl/core/configuration";
import { thrownReason } from "../compose/marks.js";
import { failed } from "../compose/wrapped.js";
import { letterVerdict } from "../parse/verdicts/letterVerdict.js";
import { type Verdict, verdictNames } from "../parse/verdicts/verdictFormat.js";

/** A sample that is asked in both orders: what tells the two prompts of one pair. */
export interface OrderReference {
  /** The same for both orders of one sample, f.e. its id. */
  readonly pair?: string;
  /** Whether the answers stand the other way round than in the sample. */
  readonly swapped?: boolean;
  /** The better answer as this prompt shows them. */
  readonly label?: Verdict;
}

/** Settings of rewards that compare the two orders of a sample. */
export interface OrderOptions {
  /** How a verdict is read: the `read` of any verdict format. */
  readonly read: (completion: string) => Verdict | null;
}

/** Defaults: the letter in `<answer>`, or a tie. */
export const orderDefaults: OrderOptions = { read: letterVerdict({ ties: true }).read };

/** The verdict as the sample's own order has it. */
export const inOrder = (verdict: Verdict, swapped: boolean): Verdict => {
  if (!swapped || verdict === "tie") return verdict;
  return verdict === "A" ? "B" : "A";
};

/** What is wrong with a reference; `undefined`: nothing. What is `null` in it is missing. */
const problemOf = (reference: unknown): string | undefined => {
  if (typeof reference !== "object" || reference === null) return `reference is ${shown(reference)}, wanted an object`;
  const { pair, swapped, label } = reference as Readonly<Record<string, unknown>>;
  if (pair != null && typeof pair !== "string") return `reference.pair is ${shown(pair)}, wanted a text`;
  if (swapped != null && typeof swapped !== "boolean")
    return `reference.swapped is ${shown(swapped)}, wanted true or false`;
  if (label != null && !verdictNames.includes(label as Verdict))
    return `reference.label is ${shown(label)}, wanted one of ${verdictNames.join(", ")}`;
  return undefined;
};

/** A completion as the rewards over both orders see it. */
export interface Ordered {
  /** In the sample's own order. */
  readonly verdict: Verdict | null;
  /** In the sample's own order. */
  readonly gold: Verdict | undefined;
  /** The verdicts of its pair's other order. */
  readonly others: readonly (Verdict | null)[];
}

type Side = Pick<Ordered, "verdict" | "gold"> & { readonly pair: string | undefined; readonly swapped: boolean };

const sideOf = (
  { completion, reference }: CompletionBatch<OrderReference>[number],
  read: OrderOptions["read"],
): Side | Mark => {
  const problem = problemOf(reference);
  if (problem !== undefined) return failed(problem);
  const swapped = reference.swapped ?? false;
  const own = (verdict: Verdict | null | undefined): Verdict | undefined =>
    verdict == null ? undefined : inOrder(verdict, swapped);
  try {
    const verdict = own(read(completion.text)) ?? null;
    return { verdict, gold: own(reference.label), pair: reference.pair ?? undefined, swapped };
  } catch (thrown) {
    return failed(`the reader threw: ${thrownReason(thrown)}`);
  }
};

/** The marks of a batch whose pairs are tied; a completion whose reference cannot be failed, and counts for no other. */
export const overOrders = (
  batch: CompletionBatch<OrderReference>,
  read: OrderOptions["read"],
  markOf: (completion: Ordered) => Mark,
): readonly Mark[] => {
  const sides = batch.map((each) => sideOf(each, read));
  const pairs = new Map<string, readonly [(Verdict | null)[], (Verdict | null)[]]>();
  for (const side of sides) {
    if (!("pair" in side) || side.pair === undefined) continue;
    const pair = pairs.get(side.pair) ?? ([[], []] as const);
    pair[side.swapped ? 1 : 0].push(side.verdict);
    pairs.set(side.pair, pair);
  }
  return sides.map((side) => {
    if (!("pair" in side)) return side;
    const others = side.pair === undefined ? [] : pairs.get(side.pair)![side.swapped ? 0 : 1];
    return markOf({ ...side, others });
  });
};
