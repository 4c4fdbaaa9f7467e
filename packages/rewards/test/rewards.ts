import type { Reward } from "@msrl/core";
import fc from "fast-check";
import { perCompletion } from "../src/compose/perCompletion.js";

/** What the rewards below can tell apart. */
export const texts = ["", "a", "bb", "ccc"];

/** A reward of whole numbers, so that sums are exact, null or failing here and there, with reasons or without. */
export const reward: fc.Arbitrary<Reward<unknown>> = fc
  .record({
    name: fc.string(),
    numbers: fc.array(fc.option(fc.integer(), { nil: null }), { minLength: 4, maxLength: 4 }),
    fails: fc.boolean(),
    says: fc.boolean(),
  })
  .map(({ name, numbers, fails, says }) =>
    perCompletion(name, (text) => {
      if (fails && text === "bb") throw new Error("bb");
      const value = numbers[text.length] ?? null;
      return says ? { value, reason: `${name} says ${value}` } : value;
    }),
  );
