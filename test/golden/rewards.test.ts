import { type Completion, toPromise } from "@msrl/core";
import { repetition, softOverlong, thinkFormat } from "@msrl/rewards";
import { describe, expect, it } from "vitest";
import { type GoldenCase, goldenCases, skipCases } from "./golden.js";

interface Options {
  readonly max_completion_len: number;
  readonly soft_punish_cache: number;
  readonly ngram_size: number;
  readonly max_penalty: number;
}

type Case = GoldenCase<Options>;

const completion = (text: string, tokenIds: readonly number[]): Completion => ({
  text,
  tokenIds,
  logProbs: [],
  truncated: false,
});

const rewardOf = ({ name, options }: Case) => {
  if (name.startsWith("think_format/")) return thinkFormat();
  if (name.startsWith("soft_overlong/"))
    return softOverlong({ maxLength: options.max_completion_len, buffer: options.soft_punish_cache });
  return repetition({ size: options.ngram_size, most: options.max_penalty });
};

const completionsOf = ({ inputs }: Case): readonly Completion[] => {
  const texts = inputs.completions as unknown as readonly string[] | undefined;
  const lengths = inputs.lengths as readonly number[] | undefined;
  const ids = inputs.completion_ids as readonly (readonly number[])[] | undefined;
  if (texts) return texts.map((text) => completion(text, []));
  return (ids ?? lengths!.map((length) => Array.from({ length }, () => 0))).map((tokens) => completion("", tokens));
};

const cases = goldenCases<Options>("rewards");

describe("rewards of TRL", () => {
  skipCases(cases);

  it.each(cases)("$name", async (one) => {
    const { expected } = one;
    if ("error" in expected) {
      expect(() => rewardOf(one)).toThrow(/wanted a finite number of at most 0/);
      return;
    }
    const prompt = { id: "q", messages: [] };
    const batch = completionsOf(one).map((each) => ({ prompt, completion: each, reference: {} }));
    const given = await toPromise(rewardOf(one)(batch));
    expect(given.map((value) => (value ?? Number.NaN) + 0)).toEqual(expected.rewards);
  });
});
