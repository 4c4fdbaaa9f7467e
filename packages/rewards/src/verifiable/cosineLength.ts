import type { Mark, Reward, Scorable } from "@msrl/core";
import { callable, checkOptions, type Rule, type Rules, wholeFrom } from "@msrl/core/configuration";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { fromMarks } from "../compose/fromMarks.js";
import { marksOf } from "../compose/marks.js";

/** Values at length 0 and at the longest length; between them they follow a half cosine. */
export interface LengthValues {
  readonly shortest: number;
  readonly longest: number;
}

/** Settings of {@link cosineLength}. */
export interface CosineLengthOptions<Reference> {
  /** What tells right from wrong: right is a value above 0; where it does not apply, this does not either. */
  readonly right: Reward<Reference>;
  /** Length from which on the value does not change, in tokens or what `length` counts. */
  readonly maxLength: number;
  /** Values of right completions; by default 1 down to 0.5: short is better. */
  readonly correct?: LengthValues;
  /** Values of wrong completions; by default -1 up to -0.5: long is better. */
  readonly wrong?: LengthValues;
  /** Length of a completion; by default its tokens. */
  readonly length?: (judged: Scorable<Reference>) => number;
}

/** Default values of {@link cosineLength}. */
export const cosineLengthDefaults = {
  correct: { shortest: 1, longest: 0.5 },
  wrong: { shortest: -1, longest: -0.5 },
} as const;

const valuesRule: Rule = {
  wanted: "two finite numbers, shortest and longest",
  fits: (value) => {
    const { shortest, longest } = (value ?? {}) as Partial<LengthValues>;
    return Number.isFinite(shortest) && Number.isFinite(longest);
  },
};

/**
 * A right completion's value falls with its length, a wrong one's rises, along half a cosine.
 *
 *     r = longest + (shortest - longest) (1 + cos(pi min(l, L) / L)) / 2
 *
 * with L = maxLength and the values of `correct` or `wrong`. TRL's `get_cosine_scaled_reward` counts characters
 * (`length: ({ completion }) => completion.text.length`), ms-swift's tokens.
 *
 * Demystifying Long Chain-of-Thought Reasoning (2025), https://arxiv.org/abs/2502.03373.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { accuracy, cosineLength } from "@msrl/rewards";
 * const reward = cosineLength({ right: accuracy(), maxLength: 100 });
 * const completion = { text: "<answer>A</answer>", tokenIds: Array(50).fill(1), logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { label: "A" as const } };
 * assert.deepStrictEqual(await toPromise(reward([judged])), [0.75]);
 * @since 0.1.0
 */
export const cosineLength = <Reference>(options: CosineLengthOptions<Reference>): Reward<Reference> => {
  const length = ({ completion }: Scorable<Reference>): number => completion.tokenIds.length;
  const rules: Rules<CosineLengthOptions<Reference>> = {
    right: callable,
    maxLength: wholeFrom(1),
    correct: valuesRule,
    wrong: valuesRule,
    length: callable,
  };
  const checked = checkOptions("cosineLength", rules, { ...cosineLengthDefaults, length }, options);
  const scaled = (judged: Scorable<Reference>, mark: Mark): Mark => {
    if (mark.value === null) return mark;
    const { shortest, longest } = mark.value > 0 ? checked.correct! : checked.wrong!;
    const part = Math.min(checked.length!(judged), checked.maxLength) / checked.maxLength;
    const value = longest + ((shortest - longest) * (1 + Math.cos(Math.PI * part))) / 2;
    return { value, reason: `${mark.value > 0 ? "right" : "wrong"}, ${Math.round(100 * part)} % of the length` };
  };
  return fromMarks<Reference>("cosineLength", (batch, context) =>
    pipe(
      marksOf("right", checked.right, batch, context),
      TE.map((marks) => marks.map((mark, at) => scaled(batch[at]!, mark))),
    ),
  );
};
