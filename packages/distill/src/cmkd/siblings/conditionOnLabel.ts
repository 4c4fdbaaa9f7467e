import { type Label, type Prompt, type Tagged, tagged, text } from "@msrl/core";

/** A prompt to which no label can be added. */
export type NoUserMessage = Tagged<"NoUserMessage", { readonly id: string }>;

/** What a teacher is told beside the question: the label, and the trace that failed if there is one. */
export type TellLabel = (label: Label, badTrace?: string) => string;

/** Settings of {@link conditionOnLabel}. */
export interface ConditionOnLabelOptions {
  readonly tell: TellLabel;
}

const tell: TellLabel = (label, badTrace) =>
  [
    "",
    ...(badTrace === undefined
      ? [`The better answer is ${label}.`]
      : ["This reasoning is flawed:", badTrace, `The better answer is ${label}.`]),
    `Write the reasoning that leads to ${label} in the format asked for, from what is there to be seen and read alone;`,
    "do not mention that you know the verdict, nor any earlier reasoning.",
  ].join("\n");

/** Defaults of {@link conditionOnLabel}. */
export const conditionOnLabelDefaults: ConditionOnLabelOptions = { tell };

/**
 * The prompt of a label-conditioned teacher: the question, and behind it the gold label to be explained or, with a bad trace,
 * the trace to be repaired.
 *
 * What is told stands at the end of the last user message; all else stays, the id too. Throws `NoUserMessage` for a prompt
 * without one. What it writes may give away that it was told: `leaksLabel` finds that.
 *
 * GRAM-R2 (2025), https://arxiv.org/abs/2509.02492 (explains labels); RM-R1 (2025), https://arxiv.org/abs/2505.02387 (repairs
 * traces).
 *
 * @example
 * import { text } from "@msrl/core";
 * import { conditionOnLabel } from "@msrl/distill";
 * const prompt = { id: "s1", messages: [{ role: "user", content: [text("Which is better?")] }] } as const;
 * const told = conditionOnLabel({ tell: (label) => ` It is ${label}.` })(prompt, "A");
 * assert.deepStrictEqual(told.messages[0]!.content, [text("Which is better?"), text(" It is A.")]);
 * @since 0.1.0
 */
export const conditionOnLabel = (options: Partial<ConditionOnLabelOptions> = {}) => {
  const settings = { ...conditionOnLabelDefaults, ...options };
  return (prompt: Prompt, label: Label, badTrace?: string): Prompt => {
    const last = prompt.messages.findLastIndex(({ role }) => role === "user");
    if (last < 0)
      throw tagged(
        "NoUserMessage",
        `prompt ${prompt.id} has no message of the user, to which the label could be added`,
        {
          id: prompt.id,
        },
      );
    const told = text(settings.tell(label, badTrace));
    const messages = prompt.messages.map((message, at) =>
      at === last ? { ...message, content: [...message.content, told] } : message,
    );
    return { ...prompt, messages };
  };
};
