import { toPromise } from "@msrl/core";
import { afterReasoning, cosineLength, mathEquivalence, perCompletion, readMaths } from "@msrl/rewards";
import { describe, expect, it } from "vitest";
import { expectNear, flat, type GoldenCase, goldenCases, skipCases } from "./golden.js";

interface Options {
  readonly reasoning_delimiters?: readonly string[];
  readonly max_len: number;
  readonly min_value_wrong: number;
  readonly max_value_wrong: number;
  readonly min_value_correct: number;
  readonly max_value_correct: number;
}

type Case = GoldenCase<Options>;

/** Where math-verify and this library differ, by answer and gold: why, and the value here. */
const differences: Readonly<Record<string, readonly [value: number | null, why: string]>> = {
  "\\boxed{x^2+2x+1} for (x+1)^2": [1, "a gold answer needs no dollars"],
  "\\boxed{\\text{A}} for A": [1, "a letter is a name"],
  "\\boxed{\\textbf{(B)}} for B": [1, "a letter is a name"],
  "a for nothing": [null, "a gold answer that is no formula does not apply, whatever the completion is"],
};

/** `\frac12` and `\tfrac34` without braces are fractions here, which math-verify does not read. */
const withBraces = (text: string): string => text.replace(/\\[td]?frac(\d)(\d)/, "\\frac{$1}{$2}");

/** Whether an answer is its gold but for the braces of a fraction. */
const lacksBraces = (text: string, gold: string): boolean =>
  withBraces(text) !== text && withBraces(text).includes(`\\boxed{${gold.replaceAll("$", "")}}`);

const texts = ({ inputs }: Case, name: string) => inputs[name] as unknown as readonly string[];

const judged = <Reference>(text: string, tokens: number, reference: Reference) => ({
  prompt: { id: "q", messages: [] },
  completion: { text, tokenIds: Array.from({ length: tokens }, () => 0), logProbs: [], truncated: false },
  reference,
});

const all = goldenCases<Options>("rewards_math");
const cosine = all.filter(({ name }) => name.startsWith("cosine/"));
const verified = all.filter((one) => !cosine.includes(one));

describe("rewards of TRL that read mathematics", () => {
  skipCases(all);

  it.each(verified)("$name", async (one) => {
    const delimiters = one.options.reasoning_delimiters ?? ["</think>"];
    const reasoning = one.name.startsWith("reasoning_accuracy/");
    const read = reasoning ? afterReasoning({ read: readMaths, delimiters }) : readMaths;
    const golds = texts(one, "solution");
    const batch = texts(one, "completions").map((text, at) => judged(text, 0, { answer: golds[at]! }));
    const wanted = (one.expected.rewards as readonly (number | null)[]).map((value, at) => {
      const pair = `${batch[at]!.completion.text.replace(/^The answer is (.*)\.$/, "$1")} for ${golds[at]}`;
      if (lacksBraces(batch[at]!.completion.text, golds[at]!)) return 1;
      return differences[pair]?.[0] === undefined ? value : differences[pair][0];
    });
    expect(await toPromise(mathEquivalence({ read })(batch))).toEqual(wanted);
  });

  it.each(cosine)("$name", async (one) => {
    const { max_len, min_value_wrong, max_value_wrong, min_value_correct, max_value_correct } = one.options;
    const known = one.inputs.correct as readonly (number | null)[];
    const reward = cosineLength({
      right: perCompletion<{ right: number | null }>("right", (_, { right }) => right),
      maxLength: max_len,
      correct: { shortest: max_value_correct, longest: min_value_correct },
      wrong: { shortest: min_value_wrong, longest: max_value_wrong },
    });
    const batch = flat(one.inputs.lengths).map((length, at) => judged("", length, { right: known[at]! }));
    const given = await toPromise(reward(batch));
    expectNear(
      given.map((value) => value ?? Number.NaN),
      flat(one.expected.rewards),
      { rtol: 1e-12, atol: 1e-12 },
    );
  });
});
