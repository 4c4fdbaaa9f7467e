import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/Either";
import * as TE from "fp-ts/TaskEither";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { media, text } from "../data/prompt.js";
import { tagged, toPromise } from "../errors.js";
import type { ChatModel, ChatRequest } from "./chat.js";
import { keptReplies } from "./index.js";

let file: string;
beforeEach(async () => {
  file = join(await mkdtemp(join(tmpdir(), "replies-")), "deep", "replies.jsonl");
});
afterEach(() => rm(join(file, "../.."), { recursive: true, force: true }));

const gone = tagged("ChatError", "gone", { url: "u", attempts: 1 });

/** A model that answers with the number of the call. */
const counting = (): ChatModel & { readonly calls: () => number } => {
  let calls = 0;
  return {
    name: "counting",
    calls: () => calls,
    chat: () => async () =>
      E.right({ choices: [{ text: `${++calls}`, truncated: false }], promptTokens: 5, completionTokens: 2 }),
  };
};

const asking = (seed: number, grey = 0): ChatRequest => ({
  messages: [
    {
      role: "user",
      content: [
        text("?"),
        media({ kind: "image", frames: [{ width: 1, height: 1, data: Uint8Array.of(grey, 0, 0) }] }),
      ],
    },
  ],
  seed,
});

const said = async (chat: ChatModel, request: ChatRequest) => (await toPromise(chat.chat(request))).choices[0]!.text;
const lines = async () => (await readFile(file, "utf8")).split("\n").length - 1;

describe("keptReplies", () => {
  it("asks once for each thing that can be sent, over several lives", async () => {
    const model = counting();
    const first = keptReplies({ chat: model, file });
    expect([await said(first, asking(1)), await said(first, asking(2)), await said(first, asking(1, 9))]).toEqual([
      "1",
      "2",
      "3",
    ]);
    expect(await said(first, asking(2))).toBe("2");
    const second = keptReplies({ chat: model, file });
    const known = await toPromise(second.chat(asking(1, 9)));
    expect(known).toEqual({ choices: [{ text: "3", truncated: false }], promptTokens: 0, completionTokens: 0 });
    expect([await said(second, asking(3)), model.calls()]).toEqual(["4", 4]);
    expect(await said(keptReplies({ chat: { ...model, name: "other" }, file }), asking(1))).toBe("5");
  });

  it("gives a reply when it is on the disk, also under many requests at once", async () => {
    const chat = keptReplies({ chat: counting(), file });
    await Promise.all(Array.from({ length: 20 }, (_, seed) => said(chat, asking(seed))));
    expect(await lines()).toBe(20);
    const silent = keptReplies({ chat: { name: "counting", chat: () => TE.left(gone) }, file });
    const again = await Promise.all(Array.from({ length: 20 }, (_, seed) => said(silent, asking(seed))));
    expect(new Set(again).size).toBe(20);
  });

  it("survives a line that a kill cut off", async () => {
    await said(keptReplies({ chat: counting(), file }), asking(1));
    await appendFile(file, '{"key":"ab');
    const model = counting();
    const chat = keptReplies({ chat: model, file });
    expect([await said(chat, asking(1)), await said(chat, asking(2)), model.calls()]).toEqual(["1", "1", 1]);
    expect(await said(keptReplies({ chat: counting(), file }), asking(2))).toBe("1");
  });

  it("forgets what was asked for, and not what was not", async () => {
    const chat = keptReplies({ chat: counting(), file });
    for (const seed of [1, 2]) await said(chat, asking(seed));
    const later = keptReplies({ chat: counting(), file });
    await later.forget(); // nothing was asked
    await said(later, asking(1));
    await later.forget();
    expect([await lines(), await said(later, asking(2))]).toEqual([2, "2"]);
    const third = later.forget();
    const fresh = said(later, asking(7)); // the next piece of work, at the same time
    await third;
    expect([await fresh, await lines()]).toEqual(["1", 1]);
    await later.forget();
    expect(await readFile(file, "utf8")).toBe("");
  });

  it("keeps no failure, and says where a file cannot be", async () => {
    const failing = keptReplies({ chat: { name: "counting", chat: () => TE.left(gone) }, file });
    expect(await failing.chat(asking(1))()).toEqual(E.left(gone));
    expect(await said(keptReplies({ chat: counting(), file }), asking(1))).toBe("1");
    await writeFile(join(file, "../plain"), "");
    const nowhere = keptReplies({ chat: counting(), file: join(file, "../plain/replies.jsonl") });
    const message = expect.stringMatching(/^kept replies .*plain/);
    expect(await nowhere.chat(asking(1))()).toMatchObject({ left: { _tag: "ChatError", message } });
  });
});
