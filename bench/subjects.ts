import type { ChatTokenizer, DecoderConfig } from "@msrl/core/models";
import { modelConfig } from "../examples/emoji-preferences/model.js";

/**
 * Words are their token ids in decimal, the last of the vocabulary stands for a medium; the end is an id that no draw
 * can give, so that every completion has full length.
 */
export const numberTokenizer = (vocabularySize: number): ChatTokenizer => ({
  vocabularySize,
  endId: -1,
  padId: 0,
  mediaId: vocabularySize - 1,
  encode: (text) => text.split(" ").filter(Boolean).map(Number),
  decode: (ids) => ids.join(" "),
  chat: (messages) =>
    messages
      .flatMap(({ content }) => content.map((part) => (part.type === "text" ? part.text : `${vocabularySize - 1}`)))
      .join(" "),
});

/** Sizes of a piece of work: P prompts of so many tokens, G completions each. */
export interface Sizes {
  readonly prompts: number;
  readonly samples: number;
  readonly prompt: number;
  readonly completion: number;
}

/** A model and the work it is measured at. */
export interface Subject {
  readonly name: string;
  readonly config: DecoderConfig;
  /** Images of four patches that stand in every prompt. */
  readonly images: number;
  readonly rollout: Sizes;
  readonly update: Sizes;
  /** A step of plain training: every token but the first is a target. */
  readonly step: Sizes;
}

/** A decoder of 1.19M parameters, text only. */
export const reference: Subject = {
  name: "decoder-1.2M",
  config: {
    vocabularySize: 512,
    hiddenSize: 128,
    intermediateSize: 512,
    layers: 4,
    heads: 4,
    keyValueHeads: 4,
    headSize: 32,
    ropeTheta: 10_000,
    normEpsilon: 1e-6,
    contextLength: 256,
  },
  images: 0,
  rollout: { prompts: 8, samples: 8, prompt: 64, completion: 48 },
  update: { prompts: 8, samples: 8, prompt: 60, completion: 30 },
  step: { prompts: 32, samples: 1, prompt: 1, completion: 96 },
};

/** The demo's model at the demo's sizes: two images of four patches in prompts of 23 tokens. */
export const demo: Subject = {
  name: "demo",
  config: modelConfig(numberTokenizer(91)),
  images: 2,
  rollout: { prompts: 20, samples: 8, prompt: 23, completion: 44 },
  update: { prompts: 20, samples: 8, prompt: 23, completion: 44 },
  step: { prompts: 32, samples: 1, prompt: 23, completion: 44 },
};
