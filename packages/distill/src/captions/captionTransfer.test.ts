import { key, type Media, type PreferenceSample, tagged } from "@msrl/core";
import fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { caption, grey, greyOf, scripted } from "../../test/captioners.js";
import { cachedCaptions, memoryCaptions } from "./captionCache.js";
import { captionSample } from "./captionSample.js";
import { captionTransfer } from "./captionTransfer.js";
import { firstCaption } from "./firstCaption.js";
import { fromDataset } from "./fromDataset.js";

const sample = (id: string, context: readonly Media[], responses: PreferenceSample["responses"]): PreferenceSample => ({
  id,
  task: "image_understanding",
  query: "Which?",
  context,
  responses,
  label: "A",
});

const samples = [
  sample("s1", [grey(1), grey(2)], ["x", "y"]),
  sample("s2", [], [grey(3), grey(1)]),
  sample("s3", [grey(4)], ["x", grey(5)]),
  sample("s4", [], ["x", "y"]),
];
const say = (medium: Media) => `grey ${greyOf(medium)}`;
const options = { key: key(7) };

describe("captionTransfer", () => {
  it("puts captions where the media stood, and counts", async () => {
    const captioner = scripted(say);
    const { samples: made, dropped, report } = await captionTransfer(captioner, options)(samples);
    expect(made.map(({ inText }) => [...inText.context, ...inText.responses])).toEqual([
      ["grey 1", "grey 2", "x", "y"],
      ["grey 3", "grey 1"],
      ["grey 4", "x", "grey 5"],
      ["x", "y"],
    ]);
    expect(made[2]!.captioned).toEqual({
      ...samples[2],
      context: [{ ...grey(4), caption: "grey 4" }],
      responses: ["x", { ...grey(5), caption: "grey 5" }],
    });
    expect(dropped).toEqual([]);
    expect(report).toEqual({
      samples: 4,
      kept: 4,
      dropped: { failed: 0, flawed: 0 },
      media: 6,
      asked: 6,
      cached: 0,
      failures: 0,
      flaws: { empty: 0, truncated: 0, refused: 0, leaksLabel: 0 },
      characters: { least: 6, mean: 6, most: 6 },
      tokens: { prompt: 60, completion: 12 },
    });
  });

  it("is captionSample where the data has captions, in any order of work", async () => {
    const medium = fc
      .tuple(fc.constantFrom("image", "video"), fc.stringMatching(/^a [fg]ox$/))
      .map(([kind, text]) => ({ kind, frames: [], caption: text }) as Media);
    const one = fc.oneof(fc.string(), medium);
    const any = fc.tuple(fc.array(medium, { maxLength: 3 }), one, one);
    await fc.assert(
      fc.asyncProperty(fc.array(any, { maxLength: 5 }), fc.integer({ min: 1, max: 4 }), async (all, concurrency) => {
        const given = all.map(([context, a, b], at) => sample(`s${at}`, context, [a, b]));
        const mark = (text: string, { kind }: Media, index: number) => `${kind} ${index}: ${text}`;
        const { samples: made } = await captionTransfer(fromDataset(), { ...options, mark, concurrency })(given);
        const wanted = given.map((each) => captionSample({ mark })(each));
        expect(made.map(({ inText }) => ({ _tag: "Right", right: inText }))).toEqual(wanted);
        expect(made.map(({ captioned }) => captioned)).toEqual(given);
      }),
      { numRuns: 50 },
    );
  });

  it("asks once for a picture that stands in several samples, with a cache", async () => {
    const captioner = scripted(say);
    const cached = cachedCaptions(memoryCaptions())(captioner);
    const { report } = await captionTransfer(cached, options)(samples);
    expect([captioner.asked, report.cached, report.tokens.prompt]).toEqual([[1, 2, 3, 4, 5], 1, 50]);
    expect((await captionTransfer(cached, options)(samples)).report).toMatchObject({
      asked: 6,
      cached: 6,
      tokens: { prompt: 0, completion: 0 },
    });
  });

  const moody = () =>
    scripted((medium, attempt) => (greyOf(medium) === 3 && attempt < 2 ? ["", "A is better"][attempt]! : say(medium)));

  it("drops samples with a flaw and says why", async () => {
    const { samples: made, dropped, report } = await captionTransfer(moody(), options)(samples);
    expect(made.map(({ inText }) => inText.id)).toEqual(["s1", "s3", "s4"]);
    const messages = ['image at response A: the caption is flawed (empty): ""'];
    expect(dropped).toEqual([{ id: "s2", reason: "flawed", messages }]);
    expect(report).toMatchObject({ kept: 3, dropped: { failed: 0, flawed: 1 }, flaws: { empty: 1, leaksLabel: 0 } });
  });

  it("asks again for one with a flaw, with another key, until it has none or the attempts are over", async () => {
    const keys: unknown[] = [];
    const captioner = moody();
    const noting = {
      ...captioner,
      caption: (medium: Media, request: Parameters<typeof captioner.caption>[1]) => {
        if (greyOf(medium) === 3) keys.push(request.key);
        return captioner.caption(medium, request);
      },
    };
    const { report } = await captionTransfer(noting, { ...options, onFlaw: "retry" })(samples);
    expect(report).toMatchObject({ kept: 4, asked: 8, flaws: { empty: 1, leaksLabel: 1 } });
    expect(new Set(keys.map((one) => JSON.stringify(one))).size).toBe(3);
    const twice = await captionTransfer(moody(), { ...options, onFlaw: "retry", attempts: 2 })(samples);
    expect(twice.dropped[0]!.messages).toEqual([
      'image at response A: the caption is flawed (leaksLabel): "A is better"',
    ]);
  });

  it("keeps flawed ones if told so, but never an empty one", async () => {
    const leaky = scripted((medium) => (greyOf(medium) === 3 ? "" : "B is better"));
    const { samples: made, report } = await captionTransfer(leaky, { ...options, onFlaw: "keep" })(samples);
    expect(made.map(({ inText }) => inText.id)).toEqual(["s1", "s3", "s4"]);
    expect(report.flaws).toMatchObject({ leaksLabel: 5, empty: 1 });
  });

  it("drops samples whose captioner failed, and goes on", async () => {
    const known = samples.map((each) => ({
      ...each,
      context: each.context.map((medium) => ({ ...medium, caption: "c" })),
    }));
    const progress: number[] = [];
    const onProgress = ({ done, failures }: { done: number; failures: number }) => void progress.push(done, failures);
    const { dropped, report } = await captionTransfer(fromDataset(), { ...options, onProgress, concurrency: 1 })(known);
    expect(dropped.map(({ id, reason }) => [id, reason])).toEqual([
      ["s2", "failed"],
      ["s3", "failed"],
    ]);
    expect(dropped[0]!.messages).toEqual([
      "image at response A: the data has no caption for the image",
      "image at response B: the data has no caption for the image",
    ]);
    expect([report.failures, progress.slice(-2)]).toEqual([3, [6, 3]]);
    const both = await captionTransfer(firstCaption(fromDataset(), scripted(say)), options)(known);
    expect(both.samples.map(({ inText }) => inText.context[0])).toEqual(["c", undefined, "c", undefined]);
  });

  it("gives up where failures come in a row, or it is called off", async () => {
    const gone = tagged("CaptionError", "gone", { captioner: "c", final: true });
    let asked = 0;
    const fail = () => {
      asked++;
      return gone;
    };
    const dead = { name: "c", fingerprint: "c", caption: () => TE.leftIO(fail) };
    const many = Array.from({ length: 50 }, (_, at) => sample(`s${at}`, [grey(at)], ["x", "y"]));
    await expect(captionTransfer(dead, { ...options, failuresInRow: 3, concurrency: 1 })(many)).rejects.toThrow("gone");
    expect(asked).toBe(3);
    const off = new AbortController();
    const captioner = scripted((medium) => {
      if (greyOf(medium) === 9) off.abort();
      return "a fox";
    });
    const called = captionTransfer(captioner, { ...options, signal: off.signal, concurrency: 2 })(many);
    await expect(called).rejects.toThrow("called off");
    expect(captioner.asked.length).toBeLessThan(13);
  });

  it("same pixels, same key, whatever the order", async () => {
    const keys = new Map<number, Set<string>>();
    const caption_ = (medium: Media, { key }: { key: unknown }) => {
      keys.set(greyOf(medium), (keys.get(greyOf(medium)) ?? new Set()).add(JSON.stringify(key)));
      return TE.right(caption("c"));
    };
    const captioner = { name: "c", fingerprint: "c", caption: caption_ };
    await captionTransfer(captioner, options)(samples);
    await captionTransfer(captioner, options)([...samples].reverse());
    expect([...keys.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1, 1]);
    expect(new Set([...keys.values()].flatMap((set) => [...set])).size).toBe(5);
  });

  it("refuses options that cannot be", () => {
    expect(() => captionTransfer(fromDataset(), { ...options, onFlaw: "hide" as "drop", concurrency: 0 })).toThrow(
      /onFlaw[\s\S]*concurrency/,
    );
  });
});
