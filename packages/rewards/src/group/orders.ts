import type { CompletionBatch } from "@msrl/core";
import { letterVerdict } from "../parse/verdicts/letterVerdict.js";
import type { Verdict } from "../parse/verdicts/verdictFormat.js";

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

/** The verdicts of a batch in their samples' own order, and for each completion the places of its pair's other order. */
export const pairedVerdicts = (
  batch: CompletionBatch<OrderReference>,
  read: OrderOptions["read"],
): { readonly verdicts: readonly (Verdict | null)[]; readonly others: readonly (readonly number[])[] } => {
  const places = new Map<string, readonly [number[], number[]]>();
  const sideOf = ({ swapped = false }: OrderReference): 0 | 1 => (swapped ? 1 : 0);
  const verdicts = batch.map(({ completion, reference }, at) => {
    if (reference.pair !== undefined) {
      const pair = places.get(reference.pair) ?? [[], []];
      pair[sideOf(reference)].push(at);
      places.set(reference.pair, pair);
    }
    const verdict = read(completion.text);
    return verdict === null ? null : inOrder(verdict, reference.swapped ?? false);
  });
  const others = batch.map(({ reference }) =>
    reference.pair === undefined ? [] : places.get(reference.pair)![1 - sideOf(reference)]!,
  );
  return { verdicts, others };
};
