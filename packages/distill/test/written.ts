import type { Label, Prompt } from "@msrl/core";
import { hasFormat, readVerdict } from "./candidates.js";

/** A prompt with a message of the system and one of the user. */
export const promptOf = (id: string, words = "Which?"): Prompt => ({
  id,
  messages: [
    { role: "system", content: [{ type: "text", text: "Judge." }] },
    { role: "user", content: [{ type: "text", text: words }] },
  ],
});

/** A trace of the asked form. */
export const written = (letter: Label, thought = "because"): string =>
  `<think>${thought}</think> <answer>${letter}</answer>`;

/** How teachers of tests sample, but for the number of samples. */
export const sampling = { temperature: 1, maxTokens: 64 };

/** The form of the traces and how their verdicts are read. */
export const rulesOfTrace = { hasFormat, readVerdict };
