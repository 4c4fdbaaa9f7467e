import { createHash } from "node:crypto";
import type { Prompt } from "@msrl/core";
import { pixelHash } from "../../captions/captionKey.js";
import type { CmkdSample } from "./options.js";

/** The SHA-256 of what the teacher reads of a sample, words and pixels: traces are of these prompts and no others. */
export const askedHash = (): ((sample: CmkdSample, both: boolean) => string) => {
  const hashOf = pixelHash();
  const read = ({ messages }: Prompt) =>
    messages.map(({ role, content }) => [
      role,
      content.map((part) => (part.type === "text" ? ["text", part.text] : ["media", hashOf(part.media)])),
    ]);
  return ({ asked, swapped }, both) =>
    createHash("sha256")
      .update(JSON.stringify([read(asked), both && swapped ? read(swapped) : null]))
      .digest("hex");
};
