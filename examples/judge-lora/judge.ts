import type { Key } from "@msrl/core";
import type { Policy } from "@msrl/core/policy";
import { verdict } from "@msrl/rewards";
import { evaluate } from "@msrl/stages";
import type { Preference } from "./preferences.js";
import { bothOrders } from "./questions.js";
import { maxTokens } from "./stages.js";

/** How a judge does on pairs, each asked in both orders. */
export interface Judged {
  /** Share of judgements that are right; one that cannot be read is wrong. */
  readonly accuracy: number;
  /** Standard error of the accuracy over pairs: the two orders of one are no independent trials. */
  readonly error: number;
  /** Share of pairs judged right in both orders. */
  readonly both: number;
  /** Share of the readable verdicts that are A: 0.5 if no place is liked. */
  readonly sayA: number;
  readonly unreadable: number;
  readonly pairs: number;
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean's standard deviation as the values' spread tells it: s / sqrt(n), 0 of fewer than two. */
export const standardError = (values: readonly number[]): number => {
  if (values.length < 2) return 0;
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
};

/** Judges pairs greedily in both orders. */
export const judge = async <State>(
  policy: Policy<State>,
  state: State,
  pairs: readonly Preference[],
  key: Key,
): Promise<Judged> => {
  const questions = bothOrders(pairs);
  const readVerdict = verdict();
  const sampling = { samples: 1, temperature: 0, maxTokens };
  const { rollouts, unreadable } = await evaluate(questions, { policy, state, sampling, key, readVerdict });
  const verdicts = rollouts.map(({ completions }) => readVerdict(completions[0]!.text));
  const right = verdicts.map((found, at) => (found === questions[at]!.reference.label ? 1 : 0));
  const scores = pairs.map((_, at) => (right[2 * at]! + right[2 * at + 1]!) / 2);
  const readable = verdicts.filter((found) => found !== null);
  return {
    accuracy: mean(scores),
    error: standardError(scores),
    both: mean(scores.map((score) => (score === 1 ? 1 : 0))),
    sayA: mean(readable.map((found) => (found === "A" ? 1 : 0))),
    unreadable,
    pairs: pairs.length,
  };
};
