import type { Mark, Reward } from "@msrl/core";
import { checkOptions, type Rules, within } from "@msrl/core/configuration";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { fromMarks } from "../compose/fromMarks.js";
import { marksOf } from "../compose/marks.js";
import type { AnswerReference } from "../verifiable/answer.js";
import { mathEquivalence } from "./mathEquivalence.js";
import { boxed } from "./readMaths.js";

/** Settings of {@link geo3k}. */
export interface Geo3kOptions {
  /** Share of the form in the value, the rest being the answer's. */
  readonly formatShare: number;
}

/** Defaults of {@link geo3k}: verl's 0.1. */
export const geo3kDefaults: Geo3kOptions = { formatShare: 0.1 };

const rules: Rules<Geo3kOptions> = { formatShare: within(0, 1) };

/** `<think>` first, `</think>` after it, a closed box behind that. */
const wellFormed = (text: string): boolean => {
  const end = text.indexOf("</think>");
  return text.startsWith("<think>") && end >= 0 && boxed(text.slice(end)).length > 0;
};

/**
 * The score of a geometry problem of Geo3K, as verl weighs it: right and well formed.
 *
 *     r = (1 - s) mathEquivalence(last box) + s [<think>..</think>..\boxed{..}]        s = formatShare
 *
 * `null` where the reference has no answer or one that is no formula.
 *
 * Inter-GPS (2021), https://arxiv.org/abs/2105.04165; verl's `geo3k` scorer.
 *
 * @throws ConfigurationError if the share is none.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { geo3k } from "@msrl/rewards";
 * const completion = { text: "<think>a^2 = 8</think> \\boxed{2\\sqrt{2}}", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: "\\sqrt{8}" } };
 * assert.deepStrictEqual(await toPromise(geo3k()([judged])), [1]);
 * @since 0.1.0
 */
export const geo3k = (options: Partial<Geo3kOptions> = {}): Reward<AnswerReference> => {
  const { formatShare } = checkOptions("geo3k", rules, geo3kDefaults, options);
  const answer = mathEquivalence({ read: (text) => boxed(text).at(-1) ?? null });
  const scored = ({ value, reason }: Mark, text: string): Mark => {
    if (value === null) return { value };
    const formed = wellFormed(text);
    const reasons = [reason, formed ? undefined : "not <think>..</think> and a box"].filter(Boolean).join("; ");
    return {
      value: (1 - formatShare) * value + (formed ? formatShare : 0),
      ...(reasons !== "" && { reason: reasons }),
    };
  };
  return fromMarks<AnswerReference>("geo3k", (batch, context) =>
    pipe(
      marksOf("answer", answer, batch, context),
      TE.map((marks) => marks.map((mark, at) => scored(mark, batch[at]!.completion.text))),
    ),
  );
};
