import { format, official } from "@msrl/rewards";
import { rewardMatchers } from "@msrl/rewards/testing";
import { expect, it } from "vitest";
import { reports } from "./report.js";

it("catches the official format reward, with the smallest case, and passes the strict one", async () => {
  const [loose, strict] = await reports();
  expect(loose).toMatch(
    /^the official format reward breaks 1 of \d laws\n\nstrict: a completion that misses its form is worth 1/,
  );
  expect(loose).toMatch(/smallest case:\n {4}misses its form: "/);
  expect(strict).toBe("the strict format reward holds every law.");
}, 60_000);

it("is a matcher too", async () => {
  const laws = (reward: typeof official.format) =>
    rewardMatchers.toSatisfyRewardLaws(reward, { strict: true, runs: 50 });
  expect([(await laws(official.format)).pass, (await laws(format({ tags: ["think", "answer"] }))).pass]).toEqual([
    false,
    true,
  ]);
}, 60_000);
