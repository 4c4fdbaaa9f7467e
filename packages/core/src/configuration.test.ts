import { describe, expect, it } from "vitest";
import {
  above,
  atLeast,
  between,
  type ConfigurationError,
  checkOptions,
  flag,
  oneOf,
  optional,
  type Rules,
  wholeFrom,
  within,
} from "./configuration.js";

interface Options {
  readonly rate: number;
  readonly mode: string;
  readonly steps?: number;
}

const rules: Rules<Options> = { rate: atLeast(0), mode: oneOf(["a", "b"]), steps: optional(wholeFrom(1)) };
const check = (given: object) => checkOptions<Options>("thing", rules, { rate: 1, mode: "a" }, given);

describe("checkOptions", () => {
  it("puts the options given over their defaults", () => {
    expect(check({ mode: "b", rate: undefined })).toEqual({ rate: 1, mode: "b" });
  });

  it("names everything that is wrong, what was given and what was wanted", () => {
    let thrown: unknown;
    try {
      check({ rate: -1, mode: "c", steps: 1.5, speed: 3 });
    } catch (error) {
      thrown = error;
    }
    const { _tag, message, problems } = thrown as ConfigurationError;
    expect(_tag).toBe("ConfigurationError");
    expect(problems.map(({ field }) => field)).toEqual(["speed", "rate", "mode", "steps"]);
    expect(message.split("\n")).toEqual([
      "thing: speed is not an option, wanted one of rate, mode, steps",
      "thing: rate is -1, wanted a finite number of at least 0",
      'thing: mode is "c", wanted a | b',
      "thing: steps is 1.5, wanted a whole number of at least 1, or nothing",
    ]);
  });

  it("finds what is wrong only together, once each option fits", () => {
    const together = () => [{ field: "steps", given: "not given", wanted: "a number where mode is a" }];
    expect(() => checkOptions<Options>("thing", rules, { rate: 1, mode: "a" }, {}, together)).toThrow(/steps is not/);
  });

  it.each([
    [above(0), [0.1], [0, Number.NaN, Number.POSITIVE_INFINITY, "1"]],
    [within(0, 1), [0, 0.9], [-0.1, 1]],
    [between(0, 1), [0, 1], [-0.1, 1.1]],
    [flag, [true, false], [0, undefined]],
  ])("rule %o", (rule, good, bad) => {
    expect([good.every(rule.fits), bad.some(rule.fits)]).toEqual([true, false]);
  });
});
