import { fold, key, uniform } from "@msrl/core";
import { expect, test } from "vitest";
import { standardError } from "./reportPage.js";

test("the standard error of a share is that of so many coins", () => {
  expect(standardError(0.5, 100)).toBeCloseTo(0.05, 12);
  expect(standardError(0.9, 600)).toBeCloseTo(Math.sqrt(0.09 / 600), 12);
  expect([standardError(0, 50), standardError(1, 50), standardError(0.5, 0)]).toEqual([0, 0, 0.5]);
});

test("the standard error is how far shares of drawn items spread", () => {
  const [share, items, draws] = [0.8, 200, 2000];
  const shares = Array.from(
    { length: draws },
    (_, at) => uniform(fold(key(3), at), items).filter((value) => value < share).length / items,
  );
  const mean = shares.reduce((sum, value) => sum + value, 0) / draws;
  const spread = Math.sqrt(shares.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws);
  // The spread of 2,000 draws is itself known to 1 / sqrt(4,000), 1.6 %; three times that.
  expect(Math.abs(spread / standardError(share, items) - 1)).toBeLessThan(0.05);
});
