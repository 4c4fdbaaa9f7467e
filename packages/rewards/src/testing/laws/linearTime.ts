import type { Scorable } from "@msrl/core";
import fc from "fast-check";
import { type AnyReward, judgedText, type LawOptions, type LawResult, valuesOf, whyBroken } from "../law.js";

/** Texts whose repetition has made parsers slow. */
const units = [
  "<",
  "<think>",
  "</answer>",
  "<answer>",
  "<think",
  "a",
  " ",
  "\n",
  "</think><think>",
  "<answer>A</answer>",
  "{",
  "[",
  "\\boxed{",
  "(((",
  "1,",
  "a b ",
];

/** Characters of the texts that are measured, each four times the one before; the first that is slow is the last. */
const lengths = [2 ** 12, 2 ** 14, 2 ** 16, 2 ** 18, 2 ** 20];

/** Milliseconds that pass for fast whatever the growth: clocks are coarse, machines are busy. */
const fast = 100;

/** Milliseconds after which no longer text is tried. */
const long = 1000;

/** Four times the text may take so many times as long; four for linear, sixteen for quadratic. */
const mostGrowth = 12;

const millisecondsOf = async <Reference>(
  reward: AnyReward<Reference>,
  judged: Scorable<Reference>,
): Promise<number> => {
  const start = process.hrtime.bigint();
  await valuesOf(reward, [judged]);
  return Number(process.hrtime.bigint() - start) / 1e6;
};

/** The better of two, so that one pause of the machine does not count. */
const measured = async <Reference>(reward: AnyReward<Reference>, judged: Scorable<Reference>): Promise<number> =>
  Math.min(await millisecondsOf(reward, judged), await millisecondsOf(reward, judged));

/** Where a text of this unit is slow for its length: its time, and how many times that of a quarter of it. */
const slowAt = async <Reference>(
  reward: AnyReward<Reference>,
  unit: string,
  reference: Reference,
): Promise<{ readonly length: number; readonly took: number; readonly growth: number } | undefined> => {
  const textOf = (length: number): string => unit.repeat(Math.ceil(length / unit.length));
  let quarter = Number.POSITIVE_INFINITY;
  for (const length of lengths) {
    const took = await measured(reward, judgedText(textOf(length), reference));
    const growth = took / Math.max(quarter, 0.05);
    if (took > fast && growth > mostGrowth) return { length, took, growth };
    if (took > long) return undefined;
    quarter = took;
  }
  return undefined;
};

/**
 * Time grows with the length of the text and not with its square, measured on texts of 4 kB to 1 MB.
 *
 * A text counts as slow if it takes more than 100 ms and more than twelve times as long as a quarter of it, three times in a row.
 *
 * @example
 * import { accuracy } from "@msrl/rewards";
 * import { linearTime } from "@msrl/rewards/testing";
 * import fc from "fast-check";
 * const result = await linearTime(accuracy(), { references: fc.constant({ label: "A" as const }), seed: 1 });
 * assert.strictEqual(result.law, "linear time");
 * @since 0.1.0
 */
export const linearTime = async <Reference>(
  reward: AnyReward<Reference>,
  { references, seed }: Pick<LawOptions<Reference>, "references" | "seed">,
): Promise<LawResult> => {
  const law = "linear time";
  const reference = fc.sample(references, { numRuns: 1, seed })[0]!;
  try {
    for (const unit of units) {
      const slow =
        (await slowAt(reward, unit, reference)) &&
        (await slowAt(reward, unit, reference)) &&
        (await slowAt(reward, unit, reference));
      if (slow)
        return {
          law,
          holds: false,
          report: `${law}: ${slow.length} characters of ${JSON.stringify(unit)} take ${slow.took.toFixed(0)} ms, ${slow.growth.toFixed(1)} times as long as a quarter of them`,
        };
    }
  } catch (thrown) {
    const { reason, ...fails } = whyBroken(thrown);
    return { law, holds: false, report: `${law}: ${reason}`, ...fails };
  }
  return { law, holds: true, runs: units.length };
};
