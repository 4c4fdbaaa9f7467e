import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float64, numbers } from "../../test/testDevice.js";
import { float32, int32, type Tensors } from "../tensor.js";
import { hardRefresh, softRefresh } from "./index.js";

const weights = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 3, maxLength: 3 });
const named = (values: readonly number[]): Tensors => ({ w: float64([3], values) });

describe("hardRefresh", () => {
  it("copies after every n updates, and only then", () => {
    const [reference, policy] = [named([0, 0, 0]), named([1, 2, 3])];
    const refresh = hardRefresh({ every: 3 });
    const copied = Array.from({ length: 8 }, (_, updates) => refresh(reference, policy, updates) === policy);
    expect(copied).toEqual([false, false, false, true, false, false, true, false]);
    expect(refresh(reference, policy, 2)).toBe(reference);
  });

  it("names options and tensors that do not fit", () => {
    expect(() => hardRefresh({ every: 0 })).toThrow(/hardRefresh: every is 0/);
    expect(() =>
      hardRefresh({ every: 1 })(named([1, 2, 3]), { w: float32([3], [1, 2, 3]), b: float32([], [1]) }, 1),
    ).toThrow(
      /tensor "w" of the policy is float32 \[3\], wanted float64 \[3\].*\n.*tensor "b" of the policy is float32 \[\], wanted not there/,
    );
  });
});

describe("softRefresh", () => {
  it("equals the naive mix, leaves its arguments, and is the hard one at mix 1", () => {
    fc.assert(
      fc.property(weights, weights, fc.double({ min: 0, max: 1, noNaN: true }), (old, now, mix) => {
        const [reference, policy] = [named(old), named(now)];
        const moved = numbers(softRefresh({ mix, every: 1 })(reference, policy, 5).w);
        moved.forEach((value, at) => {
          expect(value).toBeCloseTo((1 - mix) * old[at]! + mix * now[at]!, 12);
        });
        expect(numbers(reference.w)).toEqual(old);
        const whole = numbers(softRefresh({ mix: 1, every: 1 })(reference, policy, 1).w);
        expect(whole.every((value, at) => value === now[at])).toBe(true);
      }),
    );
  });

  it("keeps element types, takes what is no weight from the policy, and waits for its turn", () => {
    const reference = { w: float32([1], [0]), ids: int32([1], [3]) };
    const policy = { w: float32([1], [1]), ids: int32([1], [4]) };
    expect(softRefresh({ mix: 0.25, every: 2 })(reference, policy, 2)).toEqual({
      w: float32([1], [0.25]),
      ids: int32([1], [4]),
    });
    expect(softRefresh({ mix: 0.25, every: 2 })(reference, policy, 1)).toBe(reference);
    expect(() => softRefresh({ mix: 2 })).toThrow(/softRefresh: mix is 2, wanted a number from 0 to 1/);
  });
});
