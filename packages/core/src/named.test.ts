import { describe, expect, it } from "vitest";
import { distinctNames, mergeNamed, prefixNamed } from "./named.js";

const parts = [
  { name: "a", values: { x: 1, y: 2 } },
  { name: "b", values: { y: 3 } },
];

describe("named parts", () => {
  it("keep a name that is theirs alone, else get their part's in front", () => {
    expect(mergeNamed(parts)).toEqual({ x: 1, "a.y": 2, "b.y": 3 });
    expect(prefixNamed(parts)).toEqual({ "a.x": 1, "a.y": 2, "b.y": 3 });
  });

  it("get distinct names", () => {
    expect(distinctNames(["a", "a", "b", "a", "a_2"])).toEqual(["a", "a_2", "b", "a_3", "a_2_2"]);
  });
});
