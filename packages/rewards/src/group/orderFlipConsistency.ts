import type { Mark, Reward } from "@msrl/core";
import { checkOptions } from "@msrl/core/configuration";
import * as TE from "fp-ts/TaskEither";
import { callable } from "../compose/arguments.js";
import { fromMarks } from "../compose/fromMarks.js";
import { type OrderOptions, type OrderReference, orderDefaults, overOrders } from "./orders.js";

/**
 * How far a judgement agrees with those of the same sample in the other order; needs no label.
 *
 *     r_i = share of the other order's completions whose verdict, mapped back, is that of i
 *
 * A completion without a readable verdict has 0, one of the other order without counts as another verdict. `null` where
 * the batch has no completion of the other order. The two orders are tied by `pair` and `swapped` of the reference.
 *
 * After the flip reward of MJ1 (2026), https://arxiv.org/abs/2603.07990, whose formula is not published.
 *
 * @throws ConfigurationError if `read` is no function.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { orderFlipConsistency } from "@msrl/rewards";
 * const judged = (letter: string, swapped: boolean) => ({
 *   prompt: { id: swapped ? "q1 swapped" : "q1", messages: [] },
 *   completion: { text: `<answer>${letter}</answer>`, tokenIds: [], logProbs: [], truncated: false },
 *   reference: { pair: "q1", swapped },
 * });
 * const batch = [judged("A", false), judged("B", true), judged("A", true)];
 * assert.deepStrictEqual(await toPromise(orderFlipConsistency()(batch)), [0.5, 1, 0]);
 * @since 0.1.0
 */
export const orderFlipConsistency = (options: Partial<OrderOptions> = {}): Reward<OrderReference> => {
  const { read } = checkOptions("orderFlipConsistency", { read: callable }, orderDefaults, options);
  return fromMarks<OrderReference>("orderFlipConsistency", (batch) =>
    TE.fromIO(() =>
      overOrders(batch, read, ({ verdict, others }): Mark => {
        if (others.length === 0) return { value: null };
        if (verdict === null) return { value: 0, reason: "no readable verdict" };
        const agree = others.filter((other) => other === verdict).length;
        return { value: agree / others.length, reason: `${agree} of ${others.length} agree in the other order` };
      }),
    ),
  );
};
