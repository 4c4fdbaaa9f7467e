import type { Prompt } from "@msrl/core";

/**
 * Two sets of examples as one: all of `held`, with those of the same prompt replaced by the newer ones, then the new rest.
 *
 * One example a prompt (the last of several), by its id. Merging the same again changes nothing.
 *
 * @example
 * import { mergeExamples } from "@msrl/distill";
 * const example = (id: string, completion: string) => ({ prompt: { id, messages: [] }, completion });
 * const merged = mergeExamples([example("s1", "old"), example("s2", "kept")], [example("s3", "added"), example("s1", "new")]);
 * assert.deepStrictEqual(merged.map(({ completion }) => completion), ["new", "kept", "added"]);
 * @since 0.1.0
 */
export const mergeExamples = <Example extends { readonly prompt: Prompt }>(
  held: readonly Example[],
  added: readonly Example[],
): readonly Example[] => [
  ...new Map([...held, ...added].map((example) => [example.prompt.id, example] as const)).values(),
];
