import fc from "fast-check";
import * as E from "fp-ts/Either";
import { describe, expect, it } from "vitest";
import { decodeRollout } from "./decodeRollout.js";
import { encodeRollout } from "./encodeRollout.js";
import { completionOf, type SavedRollout } from "./savedRollout.js";

const text = fc.string({ unit: "binary" });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0); // JSON has no -0
const texts = fc.dictionary(
  text.filter((name) => name !== "__proto__"),
  text,
  { noNullPrototype: true },
);
const score = fc.record(
  {
    value: fc.option(finite, { nil: null }),
    parts: fc.dictionary(fc.string(), fc.option(finite, { nil: null }), { noNullPrototype: true }),
    reasons: texts,
    failures: texts,
  },
  { requiredKeys: ["value", "parts"] },
);
const completion = fc.record(
  { text, tokenIds: fc.array(fc.nat()), logProbs: fc.array(finite), truncated: fc.boolean(), score },
  { requiredKeys: ["text", "score"] },
);
const rollout: fc.Arbitrary<SavedRollout> = fc.record({
  step: fc.nat(),
  prompt: fc.record({ id: text, messages: fc.constant([{ role: "user" as const, content: [] }]) }),
  completions: fc.array(completion, { maxLength: 4 }),
  reference: fc.dictionary(fc.string(), fc.oneof(text, finite, fc.boolean()), { noNullPrototype: true }),
});

describe("encodeRollout and decodeRollout", () => {
  it("are each other's inverse, each rollout a line", () => {
    fc.assert(
      fc.property(rollout, (given) => {
        const line = encodeRollout(given);
        expect(line).not.toMatch(/[\r\n]/);
        expect(decodeRollout(line)).toEqual(E.right(given));
      }),
    );
  });

  it("leave pictures out, and write typed arrays as lists", () => {
    const frame = { width: 1, height: 1, data: new Uint8Array(3) };
    const media = { kind: "image" as const, frames: [frame], caption: "a fox", source: "fox.png" };
    const messages = [{ role: "user" as const, content: [{ type: "media" as const, media }] }];
    const reference = { context: [media], weights: Float32Array.of(1, 2) };
    const line = encodeRollout({ step: 0, prompt: { id: "q", messages }, completions: [], reference });
    const bare = { ...media, frames: [] };
    expect(JSON.parse(line)).toMatchObject({
      prompt: { messages: [{ content: [{ media: bare }] }] },
      reference: { context: [bare], weights: [1, 2] },
    });
  });

  it.each([
    ["", "it is no JSON object"],
    ["[1]", "it is no JSON object"],
    ['{"step": 1, "prompt": {"id"', "it is no JSON object"],
    ['{"step": -1}', "step cannot be used, wanted a whole number of at least 0"],
    ['{"step": 1, "prompt": {"id": 3}}', "prompt.id cannot be used, wanted a text"],
    ['{"step": 1, "prompt": {"id": "q", "messages": []}}', "completions cannot be used, wanted a list"],
    [
      '{"step": 1, "prompt": {"id": "q", "messages": []}, "completions": [{"text": "a", "score": {"value": "1"}}]}',
      "completions[0].score.value cannot be used, wanted a number or null",
    ],
  ])("say of %s what is wrong", (line, message) => {
    const result = decodeRollout(line);
    expect(E.isLeft(result) && result.left.message).toBe(message);
  });

  it("refuse any line without ever throwing", () => {
    fc.assert(fc.property(fc.oneof(fc.json(), text), (line) => void decodeRollout(line)));
  });
});

describe("completionOf", () => {
  it("fills in what was not kept", () => {
    expect(completionOf({ text: "a", score: { value: 1, parts: {} } })).toEqual({
      text: "a",
      tokenIds: [],
      logProbs: [],
      truncated: false,
    });
  });
});
