import { expect, test } from "vitest";
import { alternate, median, ratio, type Timing } from "../../bench/alternate.js";

const timing = (wall: number): Timing => ({ wall, processor: 2 * wall });

test("the median is the middle number, or the mean of the two middle ones", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test("a ratio is the median over rounds, each round's two beside one another", () => {
  const [ours, theirs] = [[10, 20, 30].map(timing), [20, 60, 30].map(timing)];
  expect(ratio(ours, theirs, "wall")).toBe(2);
  expect(ratio(ours, theirs, "processor")).toBe(2);
});

test("contenders take turns, two rounds are not counted, and one that fails drops out", async () => {
  const order: string[] = [];
  const contender = (name: string, failsAt = Number.POSITIVE_INFINITY) => ({
    name,
    run: async () => {
      order.push(name);
      if (order.filter((each) => each === name).length === failsAt) throw new Error("gone");
      return timing(order.length);
    },
  });
  const failed: string[] = [];
  const rounds = await alternate([contender("a"), contender("b", 3)], 2, (name, reason) =>
    failed.push(`${name}: ${reason}`),
  );
  expect(order).toEqual(["a", "b", "a", "b", "a", "b", "a"]);
  expect(failed).toEqual(["b: gone"]);
  expect([...rounds.keys()]).toEqual(["a"]);
  expect(rounds.get("a")).toEqual([timing(5), timing(7)]);
});
