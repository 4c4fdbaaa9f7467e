import { type Media, media, type Part, type PreferenceSample, type Prompt, text } from "@msrl/core";
import { captionParts } from "@msrl/distill";

/** How a sample is put to the model: a text preference, media replaced by their captions, or media as they are. */
export type Mode = "text" | "captioned" | "seen";

/** The parts of a completion that a prompt asks for, by mode. */
export const instructions: Readonly<Record<Mode, string>> = {
  text: "ask think answer :",
  captioned: "ask type think answer :",
  seen: "ask type caption think answer :",
};

const isGeneration = (sample: PreferenceSample): boolean => sample.task.endsWith("_generation");

/** Answers in words get their letter; so do media seen, while a caption of a side has the letter before every fact. */
const responseParts = (mode: Mode, sample: PreferenceSample): readonly Part[] =>
  sample.responses.flatMap((response, at) => {
    const letter = at === 0 ? "A" : "B";
    if (typeof response !== "string") return mode === "seen" ? [text(letter), media(response)] : [media(response)];
    return [text(isGeneration(sample) ? response : `${letter} ${response}`)];
  });

const isPicture = (response: PreferenceSample["responses"][0]): response is Media => typeof response !== "string";

/** The prompt of a sample with its media in place, also in `captioned` mode: what caption transfer turns into words. */
export const template =
  (mode: Mode) =>
  (sample: PreferenceSample): Prompt => {
    const made = sample.responses.filter(isPicture)[0];
    const content: readonly Part[] = [
      text(instructions[mode]),
      ...sample.context.flatMap((item) => [text(item.kind), media(item)]),
      text(sample.query),
      ...(made === undefined ? [] : [text(made.kind)]),
      ...responseParts(mode, sample),
    ];
    return { id: sample.id, messages: [{ role: "user", content }] };
  };

/**
 * The prompt of a sample in a mode; in `captioned` mode each media part is its caption.
 *
 * Throws distill's `CaptionMissing` if a medium of a captioned prompt has none.
 */
export const render =
  (mode: Mode) =>
  (sample: PreferenceSample): Prompt => {
    const prompt = template(mode)(sample);
    if (mode !== "captioned") return prompt;
    const inWords = captionParts()(prompt);
    if (inWords._tag === "Left") throw inWords.left;
    return inWords.right;
  };
