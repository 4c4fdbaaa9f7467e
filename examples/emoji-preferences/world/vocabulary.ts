import { taskTypes } from "@msrl/core";
import { objects } from "./objects.js";
import { textSlots, videoSlots } from "./slots.js";

/** Tokens with a meaning outside the text: padding, start, end, unknown word, and a patch of an image or a video. */
export const specialTokens = { pad: "<pad>", bos: "<bos>", eos: "<eos>", unknown: "<unk>", media: "<img>" } as const;

const tags = ["type", "caption", "think", "answer"].flatMap((tag) => [`<${tag}>`, `</${tag}>`]);

const words = [
  ...["|", ":", ".", ","],
  ...["A", "B"],
  ...["ask", "type", "caption", "think", "answer", "look", "read"],
  ...["story", "question", "what", "order", "image", "video", "cell"],
  ...["see", "want", "fits"],
];

/** Every token, in the order of its id; new ones go to the end, since weights know them by id. */
export const vocabulary: readonly string[] = [
  ...Object.values(specialTokens),
  ...tags,
  ...taskTypes.filter((task) => task !== "text"),
  ...words,
  ...textSlots,
  ...videoSlots,
  ...objects.map(({ name }) => name),
];
