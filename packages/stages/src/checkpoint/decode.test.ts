import { key } from "@msrl/core";
import { joinBytes } from "@msrl/core/models";
import * as E from "fp-ts/Either";
import { expect, it } from "vitest";
import { decodeCheckpoint } from "./decode.js";
import { encodeCheckpoint } from "./encode.js";

const frames = [{ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) }];
const content = [{ type: "media" as const, media: { kind: "image" as const, frames } }];
const files = encodeCheckpoint({
  step: 1,
  policy: { tensors: {}, metadata: {} },
  key: key(1),
  cursor: 2,
  replay: [{ prompt: { id: "p", messages: [{ role: "user", content }] }, completions: [] }],
  extra: {},
});
const state = JSON.parse(new TextDecoder().decode(joinBytes(files["state.json"])));

const decode = (changes: object, media = [1, 2, 3], policy = joinBytes(files["policy.safetensors"])) =>
  decodeCheckpoint({
    "policy.safetensors": policy,
    "state.json": new TextEncoder().encode(JSON.stringify({ ...state, ...changes })),
    "media.bin": Uint8Array.from(media),
  });

it("reads what was encoded", () => {
  const read = decode({});
  expect(E.isRight(read) && read.right.replay[0]!.prompt.messages[0]!.content).toStrictEqual(content);
});

it.each([
  ["a step that is none", decode({ step: "1" }), "state.json", "step is 1, not a whole number"],
  ["a key that is none", decode({ key: { high: -1, low: 0 } }), "state.json", "key.high is -1"],
  ["no replay", decode({ replay: null }), "state.json", ""],
  ["a picture too many", decode({ media: [] }, []), "state.json", "picture 0 is not one of 0"],
  ["bytes too many", decode({}, [1, 2, 3, 4]), "state.json", "its pictures take 3 bytes, media.bin has 4"],
  ["no policy", decode({}, [1, 2, 3], new Uint8Array(2)), "policy.safetensors", "has 2 bytes"],
])("says what is wrong with files that another writer made: %s", (_, read, file, problem) => {
  expect(E.isLeft(read) && read.left).toMatchObject({ kind: "damaged", file });
  expect(E.isLeft(read) && read.left.problem).toContain(problem);
});
