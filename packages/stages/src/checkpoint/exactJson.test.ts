import fc from "fast-check";
import { expect, it } from "vitest";
import type { Json } from "./checkpoint.js";
import { fromExactJson, toExactJson } from "./exactJson.js";

const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.double(),
    fc.string({ unit: "binary" }),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom("$number", "$$number", "__proto__"), fc.string()), tie("json"), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
}));

it("gives back every value, special numbers and objects that look like their marks included", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(fromExactJson(toExactJson(value))).toStrictEqual(value);
    }),
  );
});

it("is plain JSON otherwise", () => {
  expect(toExactJson({ loss: [0.5, Number.NaN, -0], name: "a" })).toBe(
    '{"loss":[0.5,{"$number":"NaN"},{"$number":"-0"}],"name":"a"}',
  );
});
