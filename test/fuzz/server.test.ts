import { expect, it } from "vitest";
import { fuzzServer } from "./server.js";

it("a thousand requests, many of them broken, are all answered", async () => {
  const { problems } = await fuzzServer({ count: 1000, seed: 1 });
  expect(problems).toEqual([]);
});
