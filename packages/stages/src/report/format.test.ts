import { describe, expect, it } from "vitest";
import { formatDuration, formatNumber, formatPercent } from "./format.js";

describe("format", () => {
  it.each([
    [0, "0"],
    [-0, "0"],
    [1, "1"],
    [0.5, "0.5"],
    [12.3456, "12.3"],
    [100.4, "100"],
    [999.7, "1,000"],
    [0.0412, "0.0412"],
    [2e-4, "2e-4"],
    [-1.2345e-5, "-1.23e-5"],
    [4000, "4,000"],
    [288000.4, "288,000"],
    [3e7, "3e7"],
    [Number.NaN, "–"],
    [Number.POSITIVE_INFINITY, "–"],
  ])("number %d is %s", (value, text) => expect(formatNumber(value)).toBe(text));

  it.each([
    [0.8654, "86.5\u00a0%"],
    [1, "100.0\u00a0%"],
    [Number.NaN, "–"],
  ])("share %d is %s", (value, text) => expect(formatPercent(value)).toBe(text));

  it.each([
    [0, "0.0s"],
    [9.94, "9.9s"],
    [9.96, "10s"],
    [59.6, "1m 00s"],
    [65, "1m 05s"],
    [3599.7, "1h 00m"],
    [7500, "2h 05m"],
    [-1, "–"],
    [Number.NaN, "–"],
  ])("%d seconds are %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});
