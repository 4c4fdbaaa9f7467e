import { type Media, media, type Part, type PreferenceSample, type Prompt, taskTypes, text } from "@msrl/core";
import { captionParts } from "@msrl/distill";

const types = taskTypes.filter((type) => type !== "text").join(", ");

/** What the teacher is told, who reads captions; the student, who sees, is to begin with a caption of its own. */
const orders = {
  teacher: `Which answer is better? Descriptions stand for pictures and videos. Reply with
<type>one of ${types}</type> <think>your reasons, in which the answers are called Answer A and Answer B</think> <answer>A or B</answer>`,
  student: `Which answer is better? Reply with
<type>one of ${types}</type> <caption>what is shown</caption> <think>your reasons</think> <answer>A or B</answer>`,
} as const;

const answerParts = ({ responses }: PreferenceSample): readonly Part[] =>
  responses.flatMap((response, at) => [
    text(`\n\nAnswer ${"AB"[at]}: `),
    typeof response === "string" ? text(response) : media(response),
  ]);

const promptOf = (order: keyof typeof orders, sample: PreferenceSample): Prompt => ({
  id: sample.id,
  messages: [
    {
      role: "user",
      content: [
        text(`${orders[order]}\n`),
        ...sample.context.flatMap((item) => [text("\n"), media(item)]),
        text(`\nQuestion: ${sample.query}`),
        ...answerParts(sample),
      ],
    },
  ],
});

/** What the student is asked: the media themselves. */
export const studentPrompt = (sample: PreferenceSample): Prompt => promptOf("student", sample);

/** What the teacher is asked: captions in their place. Throws `CaptionMissing` if a medium has none. */
export const teacherPrompt = (sample: PreferenceSample): Prompt => {
  const mark = (caption: string, { kind }: Media) => `[${kind}: ${caption}]`;
  const inWords = captionParts({ mark })(promptOf("teacher", sample));
  if (inWords._tag === "Left") throw inWords.left;
  return inWords.right;
};

/** The caption of a whole sample, which the student is to write: those of its media, each with the words for its place. */
export const captionOf = ({ context, responses }: PreferenceSample): string =>
  [
    ...context.map((item, at) => ({ item, place: `${item.kind} ${at + 1}` })),
    ...responses.flatMap((item, at) => (typeof item === "string" ? [] : [{ item, place: `answer ${"AB"[at]}` }])),
  ]
    .map(({ item, place }) => `${place}: ${item.caption}`)
    .join("; ");
