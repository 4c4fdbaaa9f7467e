import type { Mark, Reward, Scorable, ScoredReward } from "@msrl/core";
import { toPromise } from "@msrl/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judged } from "../../test/completions.js";
import { reward, texts } from "../../test/rewards.js";
import { cached } from "./cached.js";
import { choose } from "./choose.js";
import { circuitBreaker } from "./circuitBreaker.js";
import { clamp } from "./clamp.js";
import { gatedProduct } from "./gatedProduct.js";
import { inBatches } from "./inBatches.js";
import { limited } from "./limited.js";
import { mapValue } from "./mapValue.js";
import { maxOf } from "./maxOf.js";
import { minOf } from "./minOf.js";
import { perCompletion } from "./perCompletion.js";
import { perCompletionTask } from "./perCompletionTask.js";
import { rewardMonoid } from "./rewardMonoid.js";
import { total } from "./total.js";
import { weightedSum } from "./weightedSum.js";
import { when } from "./when.js";
import { withRetry } from "./withRetry.js";
import { withTimeout } from "./withTimeout.js";

const { concat, empty } = rewardMonoid<unknown>();
const items = texts.map((text) => judged(text, {}));
const batch = fc.array(fc.constantFrom(...items), { maxLength: 12 });

const marks = (one: Reward<unknown>, of: readonly Scorable<unknown>[]): Promise<readonly Mark[]> =>
  toPromise(one.marks!(of));
const values = async (one: Reward<unknown>, of: readonly Scorable<unknown>[]) =>
  (await marks(one, of)).map(({ value }) => value);

const law = (name: string, holds: (...rewards: Reward<unknown>[]) => (of: typeof items) => Promise<void>) =>
  it(name, () =>
    fc.assert(
      fc.asyncProperty(reward, reward, batch, (a, b, of) => holds(a, b)(of)),
      { numRuns: 60 },
    ),
  );

const settled = { weight: 1, onFailure: "null" } as const;

/** What leaves every value of a reward as it is, as long as nothing takes too long. */
const transparent: Readonly<Record<string, (one: Reward<unknown>) => Reward<unknown>>> = {
  "cached, default key": cached(),
  "cached, by text": cached({ key: ({ completion }: Scorable<unknown>) => completion.text, limit: 2 }),
  "inBatches of 1": inBatches({ size: 1, concurrency: 3, keepGroups: false }),
  "inBatches of 3, groups kept": inBatches({ size: 3 }),
  limited: limited({ concurrency: 1 }),
  "withTimeout, never late": withTimeout({ milliseconds: 1, sleep: () => new Promise(() => undefined) }),
  "withRetry, once": withRetry({ attempts: 1 }),
  "circuitBreaker, closed": circuitBreaker({ failures: 1e9, now: () => 0 }),
  "mapValue of the identity": mapValue((value) => value),
  "clamp without limits": clamp({ low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }),
  "minOf itself alone": (one) => minOf(one),
  "maxOf itself alone": (one) => maxOf(one),
  "minOf itself and what never applies": (one) => minOf(one, empty),
  "the sum with what never applies": (one) => concat(one, empty),
};

describe.each(Object.entries(transparent))("%s", (_, around) => {
  law("leaves a reward as it is", (one) => async (of) => {
    expect(await marks(around(one!), of)).toEqual(await marks(one!, of));
  });
});

/** Rewards made of two others. */
const made: Readonly<Record<string, (a: Reward<unknown>, b: Reward<unknown>) => Reward<unknown>>> = {
  ...Object.fromEntries(Object.entries(transparent).map(([name, around]) => [name, (a) => around(a)])),
  sum: concat,
  minOf,
  maxOf,
  when: (a) => when(({ completion }) => completion.text.length > 1, a),
  choose: (a, b) => choose(({ completion }) => `${completion.text.length % 2}`, { 0: a, 1: b }),
  weightedSum: (a, b) => total(weightedSum({ a: { ...settled, reward: a }, b: { ...settled, reward: b } })),
  gatedProduct: (a, b) =>
    total(gatedProduct({ result: { reward: a, onFailure: 0 }, gated: { b: { ...settled, reward: b } } })),
  perCompletionTask: () => perCompletionTask("task", async ({ completion }) => completion.text.length),
};

describe.each(Object.entries(made))("%s", (_, make) => {
  law("moves with the batch, each completion having the mark it has alone", (a, b) => async (of) => {
    const one = make(a!, b!);
    const forth = await marks(one, of);
    expect(await marks(one, [...of].reverse())).toEqual([...forth].reverse());
    for (const [at, item] of of.entries()) expect(await marks(one, [item])).toEqual([forth[at]]);
  });
});

describe("laws between rewards", () => {
  const long = ({ completion }: Scorable<unknown>) => completion.text.length > 1;

  law("what holds and what does not is the whole", (one) => async (of) => {
    const parts = concat(
      when(long, one!),
      when((scorable) => !long(scorable), one!),
    );
    expect(await marks(parts, of)).toEqual(await marks(one!, of));
  });

  law("clamping twice is clamping once", (one) => async (of) => {
    const once = clamp({ low: -3, high: 5 })(one!);
    expect(await marks(clamp({ low: -3, high: 5 })(once), of)).toEqual(await marks(once, of));
  });

  law("the order of rewards is nothing to the least and the greatest; each absorbs the other", (a, b) => async (of) => {
    expect(await values(minOf(a!, b!), of)).toEqual(await values(minOf(b!, a!), of));
    expect(await values(maxOf(a!, b!), of)).toEqual(await values(maxOf(b!, a!), of));
    const sound = async (one: Reward<unknown>) => (await marks(one, of)).map(({ failure }) => failure === undefined);
    const both = await sound(minOf(a!, b!));
    const applies = (await values(a!, of)).map((value) => value !== null);
    const absorbed = await values(minOf(a!, maxOf(a!, b!)), of);
    for (const [at, value] of (await values(a!, of)).entries())
      if (both[at] && applies[at]) expect(absorbed[at]).toBe(value);
  });

  law("a weight of 1 is the reward, a gate that never applies none", (one) => async (of) => {
    const sound = perCompletion("sound", (text) => (text === "bb" ? 0 : text.length));
    const scores = async (scored: ScoredReward<unknown>) => (await toPromise(scored(of))).map(({ value }) => value);
    const part = { reward: one!, onFailure: "null" } as const;
    expect(await scores(weightedSum({ part: { ...part, weight: 1 } }))).toEqual(await values(one!, of));
    expect(await scores(gatedProduct({ result: part }))).toEqual(await values(one!, of));
    const gated = { never: { reward: empty, weight: 7 } };
    expect(await scores(gatedProduct({ result: { reward: sound }, gated }))).toEqual(await values(sound, of));
  });
});
