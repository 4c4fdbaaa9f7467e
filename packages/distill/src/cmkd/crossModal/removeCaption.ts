/** Settings of {@link removeCaption}. */
export interface RemoveCaptionOptions {
  /** The tag of the block that only the student writes. */
  readonly tag: string;
}

/** Defaults of {@link removeCaption}. */
export const removeCaptionDefaults: RemoveCaptionOptions = { tag: "caption" };

/**
 * A student's completion as the teacher would have written it: without its first caption block and the space behind it.
 *
 * Undoes `insertCaption` with its defaults; a caption that was cut off goes with all that would follow, a text without one stays
 * as it is.
 *
 * @example
 * import { insertCaption, removeCaption } from "@msrl/distill";
 * const trace = "<type>t</type> <think>x</think> <answer>A</answer>";
 * assert.deepStrictEqual(removeCaption()(insertCaption()(trace, "a red fox")), trace);
 * @since 0.1.0
 */
export const removeCaption = (options: Partial<RemoveCaptionOptions> = {}) => {
  const { tag } = { ...removeCaptionDefaults, ...options };
  const [open, close] = [`<${tag}>`, `</${tag}>`];
  return (completion: string): string => {
    const start = completion.indexOf(open);
    if (start < 0) return completion;
    const end = completion.indexOf(close, start + open.length);
    const after = end < 0 ? "" : completion.slice(end + close.length).trimStart();
    return completion.slice(0, start) + after;
  };
};
