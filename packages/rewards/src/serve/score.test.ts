import type { Scorable, ScoredReward } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { answer, headers, post, serve } from "../../test/serving.js";
import { perCompletion } from "../index.js";

describe("/score", () => {
  it("tells parts, reasons and failures, by prompt, messages and images", async () => {
    const samples = [
      { prompt: "Q?", completion: answer("A"), reference: { label: "A" } },
      { prompt: [{ role: "user", content: "Q?" }], completion: [{ role: "assistant", content: "A" }], reference: "A" },
    ];
    const { status, body } = await post(serve(), "/score", { samples, step: 3 });
    expect(status).toBe(200);
    expect(body.parts).toEqual(["accuracy", "format"]);
    expect(body.scores).toEqual([
      { value: 1.2, parts: { accuracy: 1, format: 1 }, reasons: { accuracy: "A is the label" } },
      {
        value: 0,
        parts: { accuracy: 0, format: 0 },
        reasons: { accuracy: "no readable verdict", format: "<think> is missing" },
      },
    ]);
  });

  it.each([
    [{}, "samples[0].completion"],
    [{ completion: 3 }, "samples[0].completion"],
    [{ completion: "x", prompt: 3 }, "samples[0].prompt"],
  ])("says what %o lacks", async (sample, field) => {
    const { status, body } = await post(serve(), "/score", { samples: [sample] });
    const message = `${field} cannot be used, wanted a text, or a list of messages`;
    expect([status, body.error]).toEqual([400, { tag: "BadRequest", message, field }]);
  });

  it("passes step, tokens, groups and images on", async () => {
    const seen: unknown[] = [];
    const reward: ScoredReward<unknown> = (batch, context) => {
      seen.push(context?.step, ...batch);
      return TE.right(batch.map(() => ({ value: 1, parts: { one: 1 } })));
    };
    const prompt = [
      { role: "system", content: "s" },
      {
        role: "user",
        content: [{ type: "image" }, { type: "text", text: "t" }, { type: "image_url", image_url: { url: "u.png" } }],
      },
    ];
    const images = ["data:image/png;base64,AAEC", { bytes: { base64: "AwQ=" }, path: null }];
    const decodeImage = async (data: Uint8Array) => ({ width: 1, height: 1, data });
    const sample = { prompt, images, completion: "x", tokenIds: [1, 2], truncated: true };
    await post(serve({ reward, decodeImage }), "/score", {
      samples: [sample, { ...sample }, { ...sample, images: [] }],
      step: 7,
    });
    const [step, one, two, three] = seen as [number, ...Scorable<unknown>[]];
    expect(step).toBe(7);
    expect(one!.prompt.id).toBe(two!.prompt.id);
    expect(one!.prompt.id).not.toBe(three!.prompt.id);
    expect(one!.completion).toEqual({ text: "x", tokenIds: [1, 2], logProbs: [], truncated: true });
    const [system, user] = one!.prompt.messages;
    expect(system).toEqual({ role: "system", content: [{ type: "text", text: "s" }] });
    expect(
      user!.content.map((part) => (part.type === "text" ? part.text : [part.media.source, part.media.frames.length])),
    ).toEqual([["base64", 1], ["image/png", 1], "t", ["u.png", 0]]);
  });

  it("chooses among several rewards by name", async () => {
    const constant = (value: number) => perCompletion(`is ${value}`, () => value);
    const app = serve({ reward: { one: constant(1), two: constant(2) } });
    const samples = [{ completion: "x" }];
    expect((await post(app, "/score", { samples })).body.scores[0].value).toBe(1);
    expect((await post(app, "/score", { samples, reward: "two" })).body.scores[0].value).toBe(2);
    expect((await post(app, "/get_reward?reward=two", { query: ["x"] })).body.rewards).toEqual([2]);
    expect((await post(app, "/score", { samples, reward: "three" })).body.error).toEqual({
      tag: "UnknownReward",
      message: 'there is no reward "three" here, only one, two',
      field: "reward",
    });
  });

  it.each<[string, object | string, number, string, string?]>([
    ["no JSON", "{", 400, "BadRequest"],
    ["an empty body", "", 400, "BadRequest"],
    ["a list", "[]", 400, "BadRequest"],
    ["no samples", {}, 400, "BadRequest", "samples"],
    ["a sample that is none", { samples: [1] }, 400, "BadRequest", "samples[0]"],
    ["no completion", { samples: [{}] }, 400, "BadRequest", "samples[0].completion"],
    ["a wrong step", { samples: [], step: -1 }, 400, "BadRequest", "step"],
    [
      "token ids that are none",
      { samples: [{ completion: "", tokenIds: ["a"] }] },
      400,
      "BadRequest",
      "samples[0].tokenIds",
    ],
    [
      "an image that is none",
      { samples: [{ completion: "", images: [3] }] },
      400,
      "BadRequest",
      "samples[0].images[0]",
    ],
    [
      "a message that is none",
      { samples: [{ completion: "", prompt: [3] }] },
      400,
      "BadRequest",
      "samples[0].prompt[0]",
    ],
    ["a poisoned object", '{"__proto__":{"samples":[]}}', 400, "BadRequest"],
    ["an object poisoned by an escape", '{"\\u005f_proto__":{"samples":[]}}', 400, "BadRequest"],
    ["one poisoned by a constructor", '{"constructor":{"prototype":{}}}', 400, "BadRequest"],
    ["a reward of no name", { samples: [], reward: { toString: "x" } }, 404, "UnknownReward", "reward"],
    ["too many samples", { samples: Array(11).fill({ completion: "" }) }, 413, "TooMany", "samples"],
    ["too long a body", { samples: [{ completion: "x".repeat(5000) }] }, 413, "TooLarge"],
  ])("refuses %s", async (_, payload, wanted, tag, field) => {
    const { status, body } = await post(serve({ maxSamples: 10, bodyLimit: 4096 }), "/score", payload);
    expect([status, body.error.tag, body.error.field]).toEqual([wanted, tag, field]);
    expect(body.error.message.length).toBeGreaterThan(10);
  });

  it("refuses another content type and an unknown route", async () => {
    const form = await post(serve(), "/score", "a=1", { "content-type": "application/x-www-form-urlencoded" });
    expect([form.status, form.body.error.tag]).toEqual([415, "WrongType"]);
    const reply = await serve().inject({ url: "/nothing?token=x", headers });
    expect([reply.statusCode, reply.json().error]).toEqual([
      404,
      { tag: "NotFound", message: "there is no GET /nothing here; see /openapi.json" },
    ]);
  });
});
