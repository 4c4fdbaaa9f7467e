import { configurationError } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, mul } from "../graph/ops/elementwise.js";
import { scalar } from "../graph/ops/op.js";
import { distinctNames, mergeNamed, prefixNamed } from "../named.js";
import type { Loss, LossInputs, Need } from "./loss.js";

/** A loss and its weight in a sum. */
export interface WeightedLoss {
  readonly loss: Loss;
  readonly weight: number;
}

/** A sum of losses, which can be read apart again. */
export interface LossSum extends Loss {
  readonly terms: readonly WeightedLoss[];
}

const allNeeds: readonly Need[] = ["logProbs", "entropy", "logits", "hidden", "teacherTop"];

/** The terms of a loss: those of a sum, else the loss itself. */
const termsOf = ({ loss, weight }: WeightedLoss): readonly WeightedLoss[] => {
  const { terms } = loss as Partial<LossSum>;
  return terms ? terms.map((term) => ({ loss: term.loss, weight: term.weight * weight })) : [{ loss, weight }];
};

const optionsOf = (terms: readonly WeightedLoss[], names: readonly string[]): Loss["options"] => {
  const [first, ...others] = terms;
  if (first && first.weight === 1 && others.length === 0) return first.loss.options;
  return prefixNamed(terms.map(({ loss, weight }, at) => ({ name: names[at]!, values: { weight, ...loss.options } })));
};

const build = (terms: readonly WeightedLoss[], names: readonly string[], inputs: LossInputs) => {
  const built = terms.map(({ loss, weight }, at) => {
    const { loss: value, metrics } = loss.build(inputs);
    return { name: names[at]!, value: weight === 1 ? value : mul(value, weight), metrics };
  });
  const merged = mergeNamed(built.map(({ name, metrics }) => ({ name, values: metrics })));
  const parts = built.length < 2 ? {} : Object.fromEntries(built.map(({ name, value }) => [`${name}.loss`, value]));
  const values: readonly Expr[] = built.map(({ value }) => value);
  return {
    loss: values.length === 0 ? scalar(0, inputs.logProbs.dtype) : values.reduce((sum, value) => add(sum, value)),
    metrics: { ...merged, ...parts },
  };
};

/**
 * The weighted sum of losses; of none of them the loss that is 0 everywhere.
 *
 *     loss = sum_i weight_i loss_i
 *
 * It needs what any of its terms needs. Sums in it are taken apart, so that it does not matter how a sum was put
 * together. Two losses of one name are told apart as `grpo` and `grpo_2`; options are read back as `grpo.beta`,
 * weights as `grpo.weight`; a metric that several terms have gets its term's name in front, and each term reports
 * its share as `grpo.loss`. Metrics are not weighted.
 *
 * @throws ConfigurationError for a weight that is not a finite number.
 * @example
 * import { crossEntropy, grpo, sumLosses } from "@msrl/core/losses";
 * const loss = sumLosses([{ loss: grpo(), weight: 1 }, { loss: crossEntropy(), weight: 0.1 }]);
 * assert.deepStrictEqual([loss.name, loss.options["cross_entropy.weight"]], ["grpo + 0.1 cross_entropy", 0.1]);
 * @since 0.1.0
 */
export const sumLosses = (losses: readonly WeightedLoss[]): LossSum => {
  const problems = losses.flatMap(({ weight }, at) =>
    Number.isFinite(weight)
      ? []
      : [{ field: `weight of loss ${at}`, given: String(weight), wanted: "a finite number" }],
  );
  if (problems.length > 0) throw configurationError("sumLosses", problems);
  const terms = losses.flatMap(termsOf);
  const names = distinctNames(terms.map(({ loss }) => loss.name));
  const shown = terms.map(({ weight }, at) => (weight === 1 ? names[at] : `${weight} ${names[at]}`));
  const needed = new Set(terms.flatMap(({ loss }) => loss.needs));
  return {
    name: shown.length === 0 ? "zero" : shown.join(" + "),
    options: optionsOf(terms, names),
    needs: allNeeds.filter((need) => needed.has(need)),
    terms,
    build: (inputs) => build(terms, names, inputs),
  };
};
