import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { idTokenizer, textConfig, tinyState, wordPrompts } from "../../test/tinyDecoder.js";
import { tagged, toPromise } from "../errors.js";
import { decoderPolicy } from "../models/decoderPolicy.js";
import { labelProbabilities, labelProbabilitiesTask, labelShares } from "./labelProbabilities.js";
import type { PolicyError } from "./policy.js";

const { device } = testDevice();

describe("labelShares", () => {
  it("is a softmax that nothing overflows", () => {
    expect(labelShares([-1e5, -1e5, Number.NEGATIVE_INFINITY])).toEqual([0.5, 0.5, 0]);
    expect(labelShares([0, -Math.log(3)]).map((share) => share.toFixed(12))).toEqual([
      "0.750000000000",
      "0.250000000000",
    ]);
    expect(labelShares([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])).toEqual([0.5, 0.5]);
  });
});

describe("labelProbabilities", () => {
  it("is the share of each label's log-prob behind the tokens before it", async () => {
    const policy = decoderPolicy({ config: textConfig, tokenizer: idTokenizer, device: await device() });
    const state = tinyState(textConfig, 3);
    const [prompt, before, labels] = [wordPrompts[1]!, [4, 7], [[5], [6], [8, 9]]];
    const [found, plain] = await labelProbabilities(labels)(policy, state, [{ prompt, before }, { prompt }]);
    const scored = await toPromise(
      policy.logProbs(state, [{ prompt, completions: labels.map((label) => [...before, ...label]) }]),
    );
    const sums = scored[0]!.map((row) => row.slice(2).reduce((sum, each) => sum + each, 0));
    expect(found).toEqual(labelShares(sums));
    expect(plain!.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 12);
  });

  it("hands on the policy's error", async () => {
    const error: PolicyError = tagged("PolicyFailed", "gone", { policy: "p" });
    const policy = { logProbs: () => TE.left(error) };
    expect(await labelProbabilitiesTask([[1], [2]])(policy, 0, [])()).toMatchObject({ left: error });
  });
});
