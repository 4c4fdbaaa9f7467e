import { describe, expect, it } from "vitest";
import { completion, readVerdict, trace } from "../../../test/candidates.js";
import { meanLogProb } from "./meanLogProb.js";
import { voteShare } from "./voteShare.js";

describe("meanLogProb", () => {
  it("is the mean in nats, and the lowest there is without tokens", () => {
    expect(meanLogProb(completion("x", -1, -2, -0.75), [])).toBe(-1.25);
    expect(meanLogProb(completion("x"), [])).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("voteShare", () => {
  it("is the share of all candidates of the same verdict, 0 for an unreadable one", () => {
    const all = [trace("A"), trace("B"), trace("A"), completion("?")];
    expect(all.map((one) => voteShare(readVerdict)(one, all))).toEqual([0.5, 0.25, 0.5, 0]);
    expect(voteShare(readVerdict)(trace("A"), [])).toBe(0);
  });
});
