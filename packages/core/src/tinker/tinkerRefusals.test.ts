import { describe, expect, it } from "vitest";
import { tablePrompt, tableTokenizer } from "../../test/scriptedPolicy.js";
import { batch, facts, optimizer, policyOn, prompt, sampling } from "../../test/tinker/tablePolicy.js";
import { media } from "../data/prompt.js";
import { toPromise } from "../errors.js";
import { clipNone } from "../losses/clipRules/index.js";
import { grpo, policyLoss } from "../losses/index.js";
import { adamw, chain, clipByGlobalNorm, sgd } from "../optim/index.js";
import { key } from "../rng.js";
import { tinkerEngines } from "./engineFacts.js";
import { tinkerPolicy } from "./tinkerPolicy.js";

describe("a sample of an engine", () => {
  it("keeps the sampler's log-probs apart where it is not the trainer", async () => {
    const same = await policyOn();
    const [[rollout], [again]] = [
      await toPromise(same.policy.sample(same.first, [prompt], sampling, key(1))),
      await toPromise(same.policy.sample(same.first, [prompt], sampling, key(1))),
    ];
    expect(again).toEqual(rollout);
    expect(same.log.filter(({ verb }) => verb === "samplerFor").length).toBe(1); // one for each step
    expect(rollout!.completions[0]!.samplerLogProbs).toBeUndefined();
    const apart = await policyOn([], { ...facts, sampler: "other" });
    const [other] = await toPromise(apart.policy.sample(apart.first, [prompt], sampling, key(1)));
    const { logProbs, samplerLogProbs, tokenIds } = other!.completions[1]!;
    const reported = rollout!.completions[1]!.logProbs;
    expect(samplerLogProbs).toEqual(reported);
    expect(logProbs).toEqual(reported.map((value) => expect.closeTo(value - 0.25, 6)));
    const [[scored]] = (await toPromise(apart.policy.logProbs(apart.first, [{ prompt, completions: [tokenIds] }]))) as [
      readonly [Float32Array],
    ];
    expect(Array.from(scored)).toEqual(logProbs);
  });

  it("ends at the end token", async () => {
    const { policy } = await policyOn();
    const wide = { samples: 1, temperature: 0, maxTokens: 6 };
    const rollouts = await toPromise(
      policy.sample(
        policy.reference,
        [1, 2, 3, 4].map((id) => tablePrompt(`${id}`)),
        wide,
        key(2),
      ),
    );
    for (const { completions } of rollouts) {
      const [{ tokenIds, text, truncated }] = completions as [(typeof completions)[number]];
      expect(truncated).toBe(tokenIds.at(-1) !== 7);
      expect(text).toBe(tokenIds.filter((id) => id !== 7).join(" "));
    }
  });
});

describe("what an engine would not do is refused before anything runs", () => {
  it.each([
    ["a loss of entropy", grpo({ entropyBonus: 0.1 }), optimizer, "NeedNotMet", "needs entropy"],
    ["another optimizer", grpo(), { transform: sgd({ learningRate: 1 }) }, "PolicyFailed", "adam or adamw"],
    [
      "a clip",
      grpo(),
      { transform: chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1 })) },
      "PolicyFailed",
      "ignore gradClipNorm 1 (it has 0)",
    ],
    [
      "the vision tower",
      grpo(),
      { ...optimizer, trains: ["language", "vision"] },
      "PolicyFailed",
      "vision cannot be trained",
    ],
    ["nothing", grpo(), { ...optimizer, trains: [] }, "PolicyFailed", "trains nothing"],
  ])("%s", async (_, loss, chosen, tag, message) => {
    const { policy, first, log } = await policyOn();
    log.length = 0;
    const refused = { _tag: tag, message: expect.stringContaining(message) };
    expect(policy.refuses!(loss, chosen)).toMatchObject(refused);
    expect(await policy.update(first, batch, loss, chosen)()).toMatchObject({ left: refused });
    expect(log).toEqual([]);
  });

  it("optimizers whose numbers the engine has of its own, unless they are those", async () => {
    const { policy } = await policyOn([], tinkerEngines.skyrlTorch);
    const own = chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1e-5, weightDecay: 0.01 }));
    expect(policy.refuses!(grpo(), { transform: own })).toBeUndefined();
    expect(policy.refuses!(grpo(), optimizer)?.message).toContain(
      "weightDecay 0 (it has 0.01), gradClipNorm 0 (it has 1)",
    );
  });

  it("temperatures, filters, images, prompts that are too long, batches without a token", async () => {
    const { policy, first, log } = await policyOn();
    log.length = 0;
    const sampled = (more: object) => policy.sample(first, [prompt], { ...sampling, ...more }, key(1))();
    expect(await sampled({ temperature: 0.7 })).toMatchObject({
      left: { message: expect.stringContaining("temperature 1") },
    });
    expect(await sampled({ minP: 0.1 })).toMatchObject({ left: { message: expect.stringContaining("minP") } });
    expect(await sampled({ maxTokens: 8 })).toMatchObject({ left: { _tag: "PromptTooLong", limit: 1 } });
    const image = media({ kind: "image", frames: [{ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) }] });
    const seen = { id: "seen", messages: [{ role: "user" as const, content: [image] }] };
    expect(await policy.sample(first, [seen], sampling, key(1))()).toMatchObject({
      left: { _tag: "BadPrompt", message: expect.stringContaining("would drop its images") },
    });
    const empty = [{ prompt, completions: [{ tokenIds: [], advantage: 1 }] }];
    expect(await policy.update(first, empty, grpo(), optimizer)()).toMatchObject({ left: { _tag: "PolicyFailed" } });
    expect(log).toEqual([]);
  });

  it("options that cannot be", async () => {
    const given = {
      baseModel: "",
      rank: 0,
      tokenizer: tableTokenizer,
      device: {},
      engine: { reduction: "mean" },
    };
    expect(() => tinkerPolicy(given as never)).toThrow(/baseModel[\s\S]*rank/);
    const both = { ...given, baseModel: "m", rank: 1, url: "http://x", client: {} };
    expect(() => tinkerPolicy(both as never)).toThrow(/url, client is both[\s\S]*engine.reduction is "mean"/);
  });

  it("a plain importance-weighted loss is the engine's own", async () => {
    const loss = policyLoss({ name: "is", ratio: "token", clip: clipNone, aggregation: "tokenMean" });
    const { policy, first, log } = await policyOn();
    const old = batch.map((group) => ({
      ...group,
      completions: group.completions.map((each) => ({ ...each, oldLogProbs: each.tokenIds.map(() => -2) })),
    }));
    await toPromise(policy.update(first, old, loss, optimizer));
    expect(log.map(({ verb }) => verb)).toEqual(["createModel", "forwardBackward", "optimStep"]);
  });
});
