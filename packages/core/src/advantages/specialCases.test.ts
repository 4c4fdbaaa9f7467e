import fc from "fast-check";
import { describe, it } from "vitest";
import { expectClose, numbersOf, scoredGroups } from "../../test/scoredGroups.js";
import {
  decoupledRewards,
  generalisedAdvantage,
  gpg,
  groupRelative,
  leaveOneOut,
  opo,
  plainReward,
  reinforcePlusPlus,
  reinforcePlusPlusBaseline,
  remax,
  type ScoredGroups,
  tokenReturns,
  whiten,
} from "./index.js";

type Any = (scored: ScoredGroups) => readonly (readonly (number | readonly number[])[])[];

describe("special cases agree", () => {
  const agree = (a: Any, b: Any, options = {}) =>
    fc.assert(fc.property(scoredGroups(options), (scored) => expectClose(numbersOf(a(scored)), numbersOf(b(scored)))));
  const centred = groupRelative({ scale: "none" });
  const constant =
    (advantage: Any): Any =>
    (scored) =>
      advantage({
        ...scored,
        lengths: scored.rewards.map((group) => group.map(() => 2)),
        tokenMask: scored.rewards.map((group) => group.map(() => [1, 1])),
      });

  it("gpg without its correction, and opo of equal lengths, are the distance to the group's mean", () => {
    agree(gpg({ correction: "none" }), centred);
    const plain: Any = (scored) =>
      opo()({ rewards: scored.rewards, lengths: scored.rewards.map((group) => group.map(() => 7)) });
    agree(plain, centred);
  });

  it("leave-one-out of groups of two is twice that distance", () => {
    const double: Any = (scored) => centred(scored).map((group) => group.map((value) => 2 * value));
    const reward = fc.integer({ min: -8, max: 8 });
    fc.assert(
      fc.property(fc.array(fc.tuple(reward, reward)), (rewards) => {
        expectClose(numbersOf(leaveOneOut()({ rewards })), numbersOf(double({ rewards })));
      }),
    );
  });

  it("remax over greedy rewards of 0 is the reward", () => {
    const zero: Any = (scored) => remax()({ rewards: scored.rewards, greedyRewards: scored.rewards.map(() => 0) });
    agree(zero, plainReward);
  });

  it("generalised advantage at trace 1 is the return over the value, at 0 one step of it", () => {
    const over: Any = (scored) =>
      tokenReturns()(scored).map((group, g) =>
        group.map((row, i) => {
          const scores = scored.rewards[g]![i] !== null;
          return row.map((one, t) =>
            scores && scored.tokenMask![g]![i]![t] === 1 ? one - scored.values![g]![i]![t]! : 0,
          );
        }),
      );
    agree(generalisedAdvantage({ trace: 1 }), over);
    agree(generalisedAdvantage({ trace: 0, discount: 0 }), (scored) => over({ ...scored, ...one(scored) }), {
      masks: false,
    });
  });
  /** Rewards of which each token sees its own alone: the return of a discount of 0. */
  const one = (scored: ScoredGroups) => {
    const own = tokenReturns({ discount: 0 })(scored);
    const differences = own.map((group) => group.map((row) => row.map((value, t) => value - (row[t + 1] ?? 0))));
    const rewards = scored.rewards.map((group) => group.map((reward) => (reward === null ? null : 0)));
    return { rewards, tokenRewards: differences };
  };

  it("reinforcePlusPlus whitens tokenReturns, and without discount and KL it whitens rewards by token", () => {
    agree(reinforcePlusPlus({ discount: 0.5 }), whiten()(tokenReturns({ discount: 0.5 })));
    const broadcast: Any = (scored) =>
      whiten()(plainReward)(scored).map((group, g) =>
        group.map((value, i) => scored.tokenMask![g]![i]!.map((own) => (own === 1 ? value : 0))),
      );
    const plain: Any = ({ rewards, lengths, tokenMask }) =>
      reinforcePlusPlus()({ rewards, lengths: lengths!, tokenMask: tokenMask! });
    agree(plain, broadcast);
  });

  it("its baseline form whitens the distance to the group's mean", () => {
    agree(reinforcePlusPlusBaseline(), whiten()(centred));
  });

  it("decoupled normalisation of one part by the step's own scale is whitened group-relative", () => {
    const part: Any = (scored) => decoupledRewards()({ ...scored, parts: { only: scored.rewards } });
    agree(part, whiten({ by: "sequence", varianceEpsilon: 0, epsilon: 1e-4 })(groupRelative()));
  });

  it("whitening by sequence and by token agree where all completions are as long", () => {
    const settings = { varianceEpsilon: 0, correction: 0 } as const;
    agree(constant(whiten({ ...settings, by: "sequence" })(plainReward)), constant(whiten(settings)(plainReward)));
  });
});
