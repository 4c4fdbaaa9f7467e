import type { Prompt } from "@msrl/core";

/** A prompt as text for a judge that sees no pictures: each medium as its caption, or as its kind. */
export const plainText = ({ messages }: Prompt): string =>
  messages
    .map(({ role, content }) => {
      const parts = content.map((part) =>
        part.type === "text" ? part.text : `[${part.media.kind}${part.media.caption ? `: ${part.media.caption}` : ""}]`,
      );
      return `${role}: ${parts.join("")}`;
    })
    .join("\n");
