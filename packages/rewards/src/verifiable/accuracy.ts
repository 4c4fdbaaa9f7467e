import type { Reward } from "@msrl/core";
import { checkOptions, finite, type Rules, shown } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { perCompletion } from "../compose/perCompletion.js";
import { verdict } from "../parse/verdicts/verdict.js";
import { type Verdict, verdictNames } from "../parse/verdicts/verdictFormat.js";

/** What accuracy is judged against: the better answer, or a tie, where it is known. */
export interface LabelReference {
  readonly label?: Verdict;
}

/** Settings of {@link accuracy}. */
export interface AccuracyOptions {
  /** Value of the right letter. */
  readonly right: number;
  /** Value of the wrong letter. */
  readonly wrong: number;
  /** Value of a completion without a readable verdict. */
  readonly unreadable: number;
  /** How the verdict is read: the `read` of any verdict format. */
  readonly read: (completion: string) => Verdict | null;
}

/** Defaults of {@link accuracy}: 1 for the right letter inside `<answer>`, else 0. */
export const accuracyDefaults: AccuracyOptions = { right: 1, wrong: 0, unreadable: 0, read: verdict() };

const rules: Rules<AccuracyOptions> = { right: finite, wrong: finite, unreadable: finite, read: callable };

/** The label of a reference; `undefined`: it has none. */
const labelOf = (reference: LabelReference | null | undefined): Verdict | undefined => {
  const label = reference?.label ?? undefined;
  if (label === undefined || verdictNames.includes(label)) return label;
  throw new Error(`reference.label is ${shown(label)}, wanted one of ${verdictNames.join(", ")}`);
};

/**
 * Whether the verdict is the gold label: the accuracy reward of MSRL.
 *
 *     r = right        verdict = label
 *         wrong        verdict is another
 *         unreadable   no verdict: see `verdict`, by which exactly one `<answer>` block counts
 *         null         the reference has no label
 *
 * A label that is no verdict is a failure of its completion.
 *
 * MSRL (2026), https://arxiv.org/abs/2603.25108.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { accuracy } from "@msrl/rewards";
 * const completion = { text: "<answer> b </answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { label: "B" as const } };
 * assert.deepStrictEqual(await toPromise(accuracy()([judged, { ...judged, reference: {} }])), [1, null]);
 * @since 0.1.0
 */
export const accuracy = (options: Partial<AccuracyOptions> = {}): Reward<LabelReference> => {
  const { right, wrong, unreadable, read } = checkOptions("accuracy", rules, accuracyDefaults, options);
  return perCompletion<LabelReference>("accuracy", (text, reference) => {
    const label = labelOf(reference);
    if (label === undefined) return null;
    const found = read(text);
    if (found === null) return { value: unreadable, reason: "no readable verdict" };
    return found === label
      ? { value: right, reason: `${found} is the label` }
      : { value: wrong, reason: `${found} is not the label, ${label} is` };
  });
};
