import type { Mark, Reward } from "@msrl/core";
import { checkOptions } from "@msrl/core/configuration";
import * as TE from "fp-ts/TaskEither";
import { callable } from "../compose/arguments.js";
import { fromMarks } from "../compose/fromMarks.js";
import { type OrderOptions, type OrderReference, orderDefaults, overOrders } from "./orders.js";

/**
 * Whether a judgement is right and survives swapping A and B: right here, and right more often than not in the other order.
 *
 *     r_i = [verdict of i is the label] [more than half of the other order's verdicts are the label]
 *
 * So a judge that always says A earns nothing, though it is right every other time. `null` without a label, or where the
 * batch has no completion of the other order; the two orders are tied by `pair` and `swapped` of the reference.
 *
 * Large Language Models are not Fair Evaluators (2023), https://arxiv.org/abs/2305.17926.
 *
 * @throws ConfigurationError if `read` is no function.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { positionConsistency } from "@msrl/rewards";
 * const judged = (letter: string, swapped: boolean) => ({
 *   prompt: { id: swapped ? "q1 swapped" : "q1", messages: [] },
 *   completion: { text: `<answer>${letter}</answer>`, tokenIds: [], logProbs: [], truncated: false },
 *   reference: { pair: "q1", swapped, label: swapped ? ("B" as const) : ("A" as const) },
 * });
 * const always = [judged("A", false), judged("A", true)];
 * const right = [judged("A", false), judged("B", true)];
 * assert.deepStrictEqual(await toPromise(positionConsistency()(always)), [0, 0]);
 * assert.deepStrictEqual(await toPromise(positionConsistency()(right)), [1, 1]);
 * @since 0.1.0
 */
export const positionConsistency = (options: Partial<OrderOptions> = {}): Reward<OrderReference> => {
  const { read } = checkOptions("positionConsistency", { read: callable }, orderDefaults, options);
  return fromMarks<OrderReference>("positionConsistency", (batch) =>
    TE.fromIO(() =>
      overOrders(batch, read, ({ verdict, gold, others }): Mark => {
        if (gold === undefined || others.length === 0) return { value: null };
        if (verdict !== gold) return { value: 0, reason: "not the label" };
        const right = others.filter((other) => other === gold).length;
        const reason = `${right} of ${others.length} right in the other order`;
        return { value: 2 * right > others.length ? 1 : 0, reason };
      }),
    ),
  );
};
