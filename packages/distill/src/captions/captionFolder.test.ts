import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { key, tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { caption, grey, scripted } from "../../test/captioners.js";
import { type CaptionCache, cachedCaptions, memoryCaptions } from "./captionCache.js";
import { captionFolder } from "./captionFolder.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "captions-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const words = "abcd".repeat(16);
const file = () => join(folder, "ab", `${words.slice(2)}.json`);
const files = async () => (await readdir(folder, { recursive: true })).filter((name) => /\.\w+$/.test(name));
const never = async () => {
  throw new Error("nobody should be asked");
};
const says = (text: string) => async () => E.right(caption(text));
const known = (text: string) =>
  E.right({ text, tokens: { prompt: 0, completion: 0 }, truncated: false, cached: true as const });

describe.each<[string, () => CaptionCache]>([
  ["memoryCaptions", memoryCaptions],
  ["captionFolder", () => captionFolder(folder)],
])("%s", (_, open) => {
  it("asks once, also where many ask at the same time", async () => {
    const captioner = scripted(() => "a fox");
    const cached = cachedCaptions(open())(captioner);
    const ask = (value: number) => cached.caption(grey(value), { key: key(0) })();
    const all = await Promise.all([1, 2, 1, 1, 2].map(ask));
    expect(all.filter((result) => E.isRight(result) && result.right.cached).length).toBe(3);
    expect(await ask(1)).toEqual(known("a fox"));
    expect([...captioner.asked].sort()).toEqual([1, 2]); // which of two files is first is the disk's choice
  });

  it("keeps no failure", async () => {
    const cache = open();
    const failure = tagged("CaptionError", "busy", { captioner: "c", final: true });
    expect(await cache.once(words, async () => E.left(failure))).toEqual(E.left(failure));
    expect(await cache.once(words, says("a fox"))).toEqual(E.right(caption("a fox")));
    expect(await cache.once(words, never)).toEqual(known("a fox"));
  });
});

describe("cachedCaptions", () => {
  it("tells pixels, kinds, captioners and attempts apart, and nothing else", async () => {
    const cache = memoryCaptions();
    const [one, other] = [scripted(() => "x", "one"), scripted(() => "x", "other")];
    const first = cachedCaptions(cache)(one);
    const ask = (medium = grey(1), attempt = 0, captioner = first) =>
      captioner.caption(medium, { key: key(attempt), attempt })();
    await ask();
    await ask({ ...grey(1), kind: "video" });
    await ask(grey(2));
    await ask(grey(1), 1);
    await ask({ ...grey(1), caption: "seen before", source: "a.png" });
    await cachedCaptions(cache)(one).caption(grey(1), { key: key(9) })();
    await ask(grey(1), 0, cachedCaptions(cache)(other));
    expect([one.asked.length, other.asked.length]).toEqual([4, 1]);
  });

  it("leaves captioners without fingerprint and media without pixels alone", async () => {
    const free = scripted(() => "x", null);
    expect(cachedCaptions(memoryCaptions())(free)).toBe(free);
    const captioner = scripted(() => "x");
    const cached = cachedCaptions(memoryCaptions())(captioner);
    for (const _ of [1, 2]) await cached.caption({ kind: "image", frames: [] }, { key: key(0) })();
    expect(captioner.asked.length).toBe(2);
  });
});

describe("captionFolder", () => {
  it("leaves one whole file a caption behind", async () => {
    await captionFolder(folder).once(words, says("a fox\n😀"));
    expect(await files()).toEqual([join("ab", `${words.slice(2)}.json`)]);
    expect(await captionFolder(folder).once(words, never)).toEqual(known("a fox\n😀"));
  });

  it.each(["", "{", "null", '{"text":"a"}', '{"text":"a","truncated":false,"tokens":{"prompt":-1,"completion":0}}'])(
    "asks again where a file is no caption: %s",
    async (text) => {
      await mkdir(join(folder, "ab"));
      await writeFile(file(), text);
      expect(await captionFolder(folder).once(words, says("a fox"))).toEqual(E.right(caption("a fox")));
      expect(await captionFolder(folder).once(words, never)).toEqual(known("a fox"));
    },
  );

  it("waits for another process that asks already, as long as it shows signs of life", async () => {
    const [mine, theirs] = [captionFolder(folder, { beat: 5 }), captionFolder(folder, { poll: 2, patience: 100 })];
    const slow = async () => {
      await new Promise((done) => setTimeout(done, 300));
      return E.right(caption("a fox"));
    };
    const first = mine.once(words, slow);
    await new Promise((done) => setTimeout(done, 20));
    expect(await theirs.once(words, never)).toEqual(known("a fox"));
    expect(await first).toEqual(E.right(caption("a fox")));
    expect((await files()).length).toBe(1);
  });

  it.each([
    ["at once where it is gone", () => `${hostname()} 2147483646\n`, {}],
    ["after a while where it is silent", () => "elsewhere 7\n", { poll: 2, patience: 30 }],
    ["after a while where its claim is torn", () => "", { poll: 2, patience: 30 }],
  ])("asks in another's place %s", async (_, owner, options) => {
    await mkdir(join(folder, "ab"));
    await writeFile(`${file()}.claim`, owner());
    expect(await captionFolder(folder, options).once(words, says("a fox"))).toEqual(E.right(caption("a fox")));
    expect((await files()).length).toBe(1);
  });

  it("stops waiting when it is called off", async () => {
    await mkdir(join(folder, "ab"));
    await writeFile(`${file()}.claim`, "elsewhere 7\n");
    const result = await captionFolder(folder).once(words, never, AbortSignal.timeout(30));
    expect(E.isLeft(result) && result.left._tag).toBe("CaptionError");
  });

  it("says which folder cannot be used", async () => {
    await writeFile(join(folder, "ab"), "a file");
    const result = await captionFolder(folder).once(words, never);
    expect(E.isLeft(result) && result.left).toMatchObject({ _tag: "CaptionError", final: true });
    expect(E.isLeft(result) && result.left.message).toContain(folder);
    expect(() => captionFolder(folder, { poll: 0 })).toThrow(/poll/);
  });
});
