import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { answer, headers, post, serve } from "../../test/serving.js";
import { perCompletionTask } from "../index.js";
import type { ServeOptions } from "./options.js";

describe("/get_reward", () => {
  it("cuts the prompt and special tokens, and answers numbers under constant names", async () => {
    const query = [`<s>Q?${answer("A")}</s>`, `Q?${answer("B")}<|im_end|>\n<|endoftext|>`, "Q?no"];
    const { status, body } = await post(serve(), "/get_reward", {
      query,
      prompts: ["Q?", "Q?", "Q?"],
      labels: ["A", { label: "A" }, null],
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      rewards: [1.2, 0.2, 0],
      scores: [1.2, 0.2, 0],
      extra_logs: { accuracy: [1, 0, 0], format: [1, 1, 0], failed: [0, 0, 0] },
    });
  });

  it("judges no query against the label of another", async () => {
    const { status, body } = await post(serve(), "/get_reward", { query: ["a", "b"], prompts: [], labels: ["A"] });
    expect([status, body.error]).toEqual([
      400,
      {
        tag: "BadRequest",
        message: "labels cannot be used, wanted 2 entries, one a query, or none; given 1",
        field: "labels",
      },
    ]);
  });

  it("answers a list of none, with the same names", async () => {
    const app = serve({ parts: ["accuracy", "format"] });
    const { status, body } = await post(app, "/get_reward", { query: [], prompts: [], labels: [] });
    expect(status).toBe(200);
    expect(body).toEqual({ rewards: [], scores: [], extra_logs: { accuracy: [], format: [], failed: [] } });
  });

  it.each<[string, ServeOptions["reward"]]>([
    ["throws", (() => () => Promise.reject(new Error("boom"))) as never],
    [
      "throws at once",
      (() => {
        throw new Error("boom");
      }) as never,
    ],
    ["is no reward", (() => 3) as never],
    ["gives too few", (() => TE.right([])) as never],
    ["gives no numbers", (() => TE.right([Number.NaN])) as never],
    ["gives nonsense", (() => TE.right([{ value: 1, parts: { x: "no" } }])) as never],
    ["gives nothing", (() => TE.right(undefined)) as never],
  ])("answers 0 and counts it where the reward %s", async (_, reward) => {
    const app = serve({ reward, parts: ["x"] });
    const { status, body } = await post(app, "/get_reward", { query: ["a"], prompts: ["b"], labels: ["c"] });
    expect(status).toBe(200);
    expect(body).toEqual({ rewards: [0], scores: [0], extra_logs: { x: [0], failed: [1] } });
    const { body: text } = await app.inject({ url: "/metrics", headers });
    expect(text).toMatch(/msrl_reward_failures_total\{part="(total|msrl)"\} 1/);
  });

  it("answers 0 where the reward takes too long, and tells it to stop", async () => {
    let stopped = false;
    const reward = perCompletionTask(
      "slow",
      (_, { signal }) =>
        new Promise<number>(() =>
          signal.addEventListener("abort", () => {
            stopped = true;
          }),
        ),
    );
    const { status, body } = await post(serve({ reward, timeout: 30 }), "/get_reward", { query: ["a"] });
    expect([status, body.rewards, body.extra_logs.failed, stopped]).toEqual([200, [0], [1], true]);
  });
});
