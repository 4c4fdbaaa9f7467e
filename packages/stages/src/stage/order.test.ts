import { key } from "@msrl/core";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { itemsAt } from "./order.js";

const seed = fc.nat().map(key);
const items = fc.integer({ min: 1, max: 40 });

it("makes a permutation of each epoch", () => {
  fc.assert(
    fc.property(seed, items, fc.nat({ max: 20 }), (own, count, epoch) => {
      const order = itemsAt(own, count, epoch * count, count);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at));
    }),
  );
});

it("can be taken up at any cursor: two takes are one", () => {
  fc.assert(
    fc.property(
      seed,
      items,
      fc.nat({ max: 100 }),
      fc.nat({ max: 50 }),
      fc.nat({ max: 50 }),
      (own, count, cursor, a, b) => {
        const whole = itemsAt(own, count, cursor, a + b);
        expect([...itemsAt(own, count, cursor, a), ...itemsAt(own, count, cursor + a, b)]).toEqual(whole);
      },
    ),
  );
});

it("orders each epoch anew", () => {
  const epochs = Array.from({ length: 10 }, (_, epoch) => itemsAt(key(1), 20, 20 * epoch, 20).join());
  expect(new Set(epochs).size).toBe(10);
});
