import { describe, expect, it } from "vitest";
import { adam, datum, left, loss, started } from "../../test/tinker/started.js";
import type { Fault } from "../../test/tinkerServer.js";
import { toPromise } from "../errors.js";
import type { EngineDatum } from "./client.js";
import { tinkerClient } from "./tinkerClient.js";

describe("an engine's answers", () => {
  it("busy and failing ones are waited for, longer each time; those at work are asked at once", async () => {
    const { client, model, waits, faulty } = await started();
    faulty("503", "429", "503", "ok", "408", "tryAgain", "408", "tryAgain");
    await toPromise(client.forward(model, [datum]));
    expect(waits).toEqual([500, 1000, 2000]);
  });

  it("an engine that is away is an error that says it is safe, and the same result goes on when it is back", async () => {
    const { engine, client, model } = await started({}, { attempts: 2 });
    engine.down = "lost";
    const pass = await toPromise(client.forwardBackward(model, [datum], loss));
    const step = await toPromise(client.optimStep(model, adam));
    for (const { result } of [pass, step])
      expect(await left(result)).toMatchObject({
        kind: "unreachable",
        message: expect.stringMatching(/safe to run again: a request with a number is applied at most once/),
      });
    engine.down = undefined;
    await toPromise(step.result);
    await toPromise(pass.result);
    const applied = engine.engine.applied.filter((one) => one.model === model.id); // a scratch model had its steps too
    expect(applied.map(({ what }) => what)).toEqual(["cross_entropy 12", "step 0.1"]);
  });

  it("a request that is refused was not applied, and what stands behind it is not sent", async () => {
    const { engine, client, model } = await started();
    const bad: EngineDatum = { ...datum, inputs: { weights: datum.inputs.weights! } };
    const pass = client.forwardBackward(model, [bad], { name: "cross_entropy", config: { a: Number.NaN } });
    expect(await left(pass)).toMatchObject({
      kind: "refused",
      message: expect.stringMatching(/a is NaN.*nothing ran/),
    });
    engine.down = "400" as Fault;
    const [first, second] = [
      await toPromise(client.forwardBackward(model, [datum], loss)),
      await toPromise(client.optimStep(model, adam)),
    ];
    expect(await left(first.result)).toMatchObject({ kind: "refused", status: 400, seqId: 1 });
    expect(await left(second.result)).toMatchObject({
      kind: "refused",
      message: expect.stringMatching(/^engine, optim_step: not sent/),
    });
    engine.down = undefined;
    await toPromise((await toPromise(client.optimStep(model, adam))).result);
    expect(engine.engine.applied).toHaveLength(1);
  });

  it("a failure that may have let a step through leaves the model lost", async () => {
    const { client, model } = await started();
    const odd: EngineDatum = { ...datum, inputs: { target_tokens: datum.inputs.target_tokens! } };
    const pass = await toPromise(client.forwardBackward(model, [odd], { name: "importance_sampling" }));
    const step = await toPromise(client.optimStep(model, adam));
    expect(await left(pass.result)).toMatchObject({ kind: "failed", status: 400, seqId: 1 });
    expect(await left(step.result)).toMatchObject({ kind: "failed" });
    const next = await left(client.optimStep(model, adam));
    expect(next.message).toBe(
      "engine, optim_step: not sent: the model is lost since forward_backward (failed); start a new model from the last checkpoint",
    );
  });

  it("someone else's number, and a model that the engine does not have, are losses", async () => {
    const { engine, client, model } = await started();
    const other = JSON.stringify({ model_id: model.id, seq_id: 1, adam_params: {} });
    const headers = { "content-type": "application/json" };
    await fetch(`${engine.url}/api/v1/optim_step`, { method: "POST", headers, body: other });
    const step = await toPromise(client.optimStep(model, adam));
    expect(await left(step.result)).toMatchObject({ kind: "lost", status: 409 });
    const again = await toPromise(client.createModel({ baseModel: "bigram", rank: 4 }));
    engine.engine.models.clear();
    expect(await left(client.forward(again, [datum]))).toMatchObject({ kind: "lost", status: 404 });
    expect(await left(client.saveWeights(again, "x"))).toMatchObject({ kind: "lost" });
  });

  it("a number that is none is asked for again, and an error if it stays", async () => {
    const { client, model, faulty } = await started();
    faulty("ok", "nan", "short");
    expect((await toPromise(client.forward(model, [datum]))).logProbs[0]).toHaveLength(2);
    faulty("ok", "nan", "nan", "nan");
    expect(await left(client.forward(model, [datum]))).toMatchObject({ kind: "badAnswer" });
    await toPromise(client.forward(model, [datum])); // nothing was changed, so the model is not lost
  });

  it("late ones are asked for again", async () => {
    const { client, model, faulty } = await started({}, { pollTimeout: 50, timeout: 50 });
    faulty("hang", "ok", "hang");
    await toPromise(client.forward(model, [datum]));
  });

  it("a name that is taken is refused, unless by an attempt of ours whose answer was lost", async () => {
    const { client, model, faulty } = await started({ savesNumbered: false });
    faulty("lost");
    const path = await toPromise(client.saveWeights(model, "a"));
    expect(path).toBe(`tinker://${model.id}/weights/a`);
    expect(await left(client.saveWeights(model, "a"))).toMatchObject({ kind: "refused", status: 409 });
    faulty("lost");
    await toPromise(
      client.sample(await toPromise(client.samplerFor(model)), {
        prompt: datum.input,
        samples: 1,
        maxTokens: 1,
        temperature: 1,
      }),
    );
  });
});

describe("a session", () => {
  it("shows signs of life until it is closed, and is opened anew where the engine lost it", async () => {
    const { engine, client, beats, options } = await started();
    expect(beats).toHaveLength(1);
    beats[0]!();
    await expect.poll(() => engine.engine.heartbeats).toBe(1);
    engine.engine.sessions.clear();
    await toPromise(client.createModel(options));
    expect(engine.engine.sessions.size).toBe(1);
    await toPromise(client.close());
    expect(beats).toHaveLength(0);
    expect(engine.engine.models.size).toBe(0);
    expect(await left(client.createModel(options))).toMatchObject({ kind: "refused" });
  });

  it("closes without waiting where the engine is away, and says so", async () => {
    const { engine, client } = await started();
    engine.down = "closed";
    expect(await left(client.close())).toMatchObject({ kind: "unreachable", path: "unload_model" });
  });
});

describe("calling off", () => {
  it("ends the waiting; a change that was sent leaves the model lost, one that was not does not", async () => {
    const { engine, client, model } = await started();
    const stop = new AbortController();
    engine.down = "hang";
    const pass = await toPromise(client.forwardBackward(model, [datum], loss, { signal: stop.signal }));
    const step = await toPromise(client.optimStep(model, adam));
    setTimeout(() => stop.abort(), 20);
    expect(await left(pass.result)).toMatchObject({
      kind: "cancelled",
      message: expect.stringMatching(/may be applied/),
    });
    expect(await left(step.result)).toMatchObject({ kind: "lost" });
    expect(await left(client.forward(model, [datum], loss, { signal: stop.signal }))).toMatchObject({ kind: "lost" });
    engine.down = undefined;
    const other = await toPromise(client.createModel({ baseModel: "bigram", rank: 4 }));
    const unsent = client.forwardBackward(other, [datum], loss, { signal: stop.signal });
    expect(await left(unsent)).toMatchObject({ kind: "cancelled", message: expect.stringMatching(/it was not sent/) });
    await toPromise(client.forward(other, [datum]));
  });

  it("reaches draws under way, and closing reaches everything", async () => {
    const { engine, client, model } = await started();
    engine.down = "hang";
    const request = { prompt: datum.input, samples: 1, maxTokens: 1, temperature: 1 };
    const signal = AbortSignal.timeout(20);
    const base = { type: "base", baseModel: "bigram" } as const;
    expect(await left(client.sample(base, request, { signal }))).toMatchObject({ kind: "cancelled" });
    const forward = left(client.forward(model, [datum]));
    engine.down = undefined;
    await toPromise(client.close());
    expect(await forward).toMatchObject({ kind: "cancelled" });
  });
});

describe("tinkerClient", () => {
  it("names every option that cannot be", () => {
    expect(() => tinkerClient({ url: "ftp://x", attempts: 0 })).toThrow(/url is "ftp:\/\/x".*\n.*attempts is 0/);
  });

  it("draws nothing that an engine could not", async () => {
    const { client } = await started();
    const request = { prompt: datum.input, samples: 1, maxTokens: 0, temperature: 1 };
    const base = { type: "base", baseModel: "bigram" } as const;
    expect(await left(client.sample(base, request))).toMatchObject({ kind: "refused" });
    expect(await left(client.promptLogProbs(base, []))).toMatchObject({ kind: "refused" });
  });
});
