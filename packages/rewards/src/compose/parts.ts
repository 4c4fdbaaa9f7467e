import type { CompletionBatch, Mark, Reward, RewardContext, RewardError } from "@msrl/core";
import { type ConfigurationProblem, shown } from "@msrl/core/configuration";
import * as E from "fp-ts/Either";
import type * as TE from "fp-ts/TaskEither";
import { readingOnce } from "../parse/tagTokens.js";
import type { AllOf } from "./allOf.js";
import { given, record } from "./arguments.js";
import { marksOf, placeOf, rewardError, thrownReason } from "./marks.js";

/** What becomes of a completion that a part could not judge: the step fails, the part does not apply, or it has this value. */
export type OnFailure = "fail" | "null" | number;

/** A reward as a part of another, and what its failures mean there. */
export interface RewardPart<Reference> {
  readonly reward: Reward<Reference>;
  /** Default `fail`. */
  readonly onFailure?: OnFailure;
}

/** A part and how much it counts. */
export interface WeightedPart<Reference> extends RewardPart<Reference> {
  /**
   * Factor of the part in the total, or a curriculum: the factor at a step; 0 makes it a metric: reported, never counted.
   */
  readonly weight: number | ((step: number) => number);
}

/** Rewards by name, each with its weight. */
export type WeightedParts = Readonly<Record<string, WeightedPart<never>>>;

/** What all the parts together are judged against. */
export type ReferenceOf<Parts extends Readonly<Record<string, RewardPart<never>>>> = AllOf<
  Parts[keyof Parts]["reward"]
>;

/** A part with its name. */
export type NamedPart = readonly [name: string, part: WeightedPart<never>];

/** What is wrong with a part, its fields named after `field`. */
export const partProblems = (field: string, part: WeightedPart<never>): readonly ConfigurationProblem[] => {
  if (!record.fits(part)) return [{ field, given: given(part), wanted: "a part: { reward, weight }" }];
  const { reward, weight, onFailure = "fail" } = part;
  const problems: ConfigurationProblem[] = [];
  if (typeof reward !== "function")
    problems.push({ field: `${field}.reward`, given: shown(reward), wanted: "a reward" });
  if (typeof weight !== "function" && !Number.isFinite(weight))
    problems.push({
      field: `${field}.weight`,
      given: shown(weight),
      wanted: "a finite number or a function of the step",
    });
  if (onFailure !== "fail" && onFailure !== "null" && !Number.isFinite(onFailure))
    problems.push({
      field: `${field}.onFailure`,
      given: shown(onFailure),
      wanted: `"fail", "null" or a finite number`,
    });
  return problems;
};

/** The marks of a part, failures treated as it wants them; with `fail` the first of them is the part's error. */
const settled = (
  name: string,
  onFailure: OnFailure,
  batch: CompletionBatch<never>,
  result: E.Either<RewardError, readonly Mark[]>,
): E.Either<RewardError, readonly Mark[]> => {
  if (onFailure === "fail") {
    if (E.isLeft(result)) return result;
    const at = result.right.findIndex(({ failure }) => failure !== undefined);
    return at < 0 ? result : E.left(rewardError(name, `${placeOf(batch, at)}: ${result.right[at]?.failure}`));
  }
  const marks = E.isLeft(result)
    ? batch.map((): Mark => ({ value: null, failure: result.left.message }))
    : result.right;
  const value = onFailure === "null" ? null : onFailure;
  return E.right(marks.map((mark) => (mark.failure === undefined ? mark : { ...mark, value })));
};

/** The weight of a part at a step; what is no finite number there is the part's error. */
const weightAt = ([name, { weight }]: NamedPart, step: number): E.Either<RewardError, number> => {
  if (typeof weight === "number") return E.right(weight);
  const problem = (what: string) => E.left(rewardError(name, `its weight at step ${step} ${what}`));
  try {
    const now = weight(step);
    return Number.isFinite(now) ? E.right(now) : problem(`is ${now}, wanted a finite number`);
  } catch (thrown) {
    return problem(`threw: ${thrownReason(thrown)}`);
  }
};

/** What parts say of a batch: their weights now, and for every completion a mark of each part. */
export interface PartMarks {
  readonly weights: readonly number[];
  readonly rows: readonly (readonly Mark[])[];
}

/**
 * Runs parts side by side, each failure settled as its part wants; the step of a caller who knows of none is 0. A loop, not
 * a traversal: a server runs it for every request.
 */
export const runParts =
  (
    parts: readonly NamedPart[],
    batch: CompletionBatch<never>,
    context: RewardContext | undefined,
  ): TE.TaskEither<RewardError, PartMarks> =>
  async () => {
    const weights: number[] = [];
    for (const part of parts) {
      const weight = weightAt(part, context?.step ?? 0);
      if (E.isLeft(weight)) return weight;
      weights.push(weight.right);
    }
    const results = await readingOnce(() =>
      Promise.all(parts.map(([name, { reward }]) => marksOf(name, reward, batch, context)())),
    );
    const columns: (readonly Mark[])[] = [];
    for (const [at, result] of results.entries()) {
      const [name, { onFailure = "fail" }] = parts[at]!;
      const column = settled(name, onFailure, batch, result);
      if (E.isLeft(column)) return column;
      columns.push(column.right);
    }
    const rows = batch.map((_, row) => columns.map((column) => column[row]!));
    return E.right({ weights, rows });
  };
