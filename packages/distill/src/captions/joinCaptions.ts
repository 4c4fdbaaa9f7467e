import type { Caption } from "@msrl/core";

/** Several captions as one: texts that say something, each once, a line each; tokens summed; cut off if one was. */
export const joinCaptions = (captions: readonly Caption[]): Caption => {
  const texts = captions.map(({ text }) => text.trim()).filter((text) => text !== "");
  const sum = (kind: keyof Caption["tokens"]) => captions.reduce((total, { tokens }) => total + tokens[kind], 0);
  return {
    text: [...new Set(texts)].join("\n"),
    tokens: { prompt: sum("prompt"), completion: sum("completion") },
    truncated: captions.some(({ truncated }) => truncated),
  };
};
