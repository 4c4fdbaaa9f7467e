import { key, type Label, type Prompt } from "@msrl/core";
import type { CmkdOptions, CmkdSample } from "../src/index.js";
import { hasFormat, readVerdict } from "./candidates.js";
import { scriptedTeacher, type TextsOf } from "./scriptedTeacher.js";

const promptOf = (id: string, words: string): Prompt => ({
  id,
  messages: [{ role: "user", content: [{ type: "text", text: words }] }],
});

/** A sample whose prompts of either order are told apart by their words: `given`, `swapped`. */
export const sampleOf = (id: string, label?: Label): Required<Pick<CmkdSample, "swapped">> & CmkdSample => ({
  prompt: promptOf(id, "picture"),
  asked: promptOf(id, "given"),
  swapped: promptOf(id, "swapped"),
  caption: `caption of ${id}`,
  ...(label === undefined ? {} : { label }),
});

/** Four candidates of a scripted teacher, whose calls are noted. */
export const optionsOf = (textsOf: TextsOf, calls: string[] = []): CmkdOptions<null> => ({
  teacher: {
    policy: scriptedTeacher(textsOf, (verb, ids) => calls.push(`${verb} ${ids.join(" ")}`)),
    state: null,
    checkpoint: "step 80",
  },
  ...{ candidates: 4, sampling: { temperature: 1, maxTokens: 64 }, hasFormat, readVerdict, key: key(3) },
});
