import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { encodePng, type Part, type Pixels, type Prompt } from "@msrl/core";
import type { CmkdExample } from "@msrl/distill";

const framesOf = ({ messages }: Prompt): readonly Pixels[] =>
  messages.flatMap(({ content }) => content.flatMap((part) => (part.type === "media" ? part.media.frames : [])));

/** A picture is `<image>`, a video one a frame, as trainers of vision-language models expect. */
const inText = (part: Part): string =>
  part.type === "text" ? part.text : part.media.frames.map(() => "<image>").join("");

/**
 * Writes examples for supervised fine-tuning: a line each of `messages` and `images` (the form that ms-swift and
 * LLaMA-Factory read), with id, pseudo-label and provenance; pictures as PNG files beside it, each once.
 */
export const writeSft = async (file: string, examples: readonly CmkdExample[]): Promise<void> => {
  const folder = "images";
  const pictures = new Map<string, Uint8Array>();
  const nameOf = (frame: Pixels): string => {
    const png = encodePng(frame);
    const name = `${folder}/${createHash("sha256").update(png).digest("hex").slice(0, 20)}.png`;
    pictures.set(name, png);
    return name;
  };
  const rows = examples.map(({ prompt, completion, pseudoLabel, provenance }) => ({
    id: prompt.id,
    messages: [
      ...prompt.messages.map(({ role, content }) => ({ role, content: content.map(inText).join("") })),
      { role: "assistant", content: completion },
    ],
    images: framesOf(prompt).map(nameOf),
    pseudo_label: pseudoLabel,
    provenance,
  }));
  const base = dirname(file);
  await mkdir(join(base, folder), { recursive: true });
  for (const [name, png] of pictures) await writeFile(join(base, name), png);
  await writeFile(`${file}.tmp`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await rename(`${file}.tmp`, file);
};
