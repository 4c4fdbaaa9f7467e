/** Writes the student's completion from a teacher trace and the caption the trace was written from. */
export type Assemble = (trace: string, caption: string) => string;

/** Settings of {@link insertCaption}. */
export interface InsertCaptionOptions {
  /** The tag before whose first opening the caption is put. */
  readonly before: string;
  /** The caption as it is put there. */
  readonly write: (caption: string) => string;
}

/** Defaults of {@link insertCaption}: MSRL's order, `<type>`, `<caption>`, `<think>`, `<answer>`. */
export const insertCaptionDefaults: InsertCaptionOptions = {
  before: "think",
  write: (caption) => `<caption> ${caption} </caption> `,
};

/**
 * Puts the caption block into a trace, before its reasoning: the student first says what it sees, then reasons as the
 * teacher did. A trace without that tag gets it at its beginning.
 *
 * @example
 * import { insertCaption } from "@msrl/distill";
 * const assembled = insertCaption()("<type>t</type> <think>x</think> <answer>A</answer>", "a red fox");
 * assert.deepStrictEqual(assembled, "<type>t</type> <caption> a red fox </caption> <think>x</think> <answer>A</answer>");
 * @since 0.1.0
 */
export const insertCaption = (options: Partial<InsertCaptionOptions> = {}): Assemble => {
  const { before, write } = { ...insertCaptionDefaults, ...options };
  return (trace, caption) => {
    const at = Math.max(0, trace.indexOf(`<${before}>`));
    return trace.slice(0, at) + write(caption) + trace.slice(at);
  };
};
