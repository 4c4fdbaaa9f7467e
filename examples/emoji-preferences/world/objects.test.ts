import { expect, test } from "vitest";
import { objects, textObjects } from "./objects.js";

test("40 objects under one-word CLDR names, 16 of them in stories", () => {
  expect(new Set(objects.map(({ name }) => name)).size).toBe(40);
  expect(textObjects).toHaveLength(16);
  expect(objects[0]).toEqual({ name: "monkey", emoji: "🐒", file: "1f412.svg" });
  expect(objects.find(({ name }) => name === "snowman")?.file).toBe("2603.svg"); // no variation selector in the file name
});
