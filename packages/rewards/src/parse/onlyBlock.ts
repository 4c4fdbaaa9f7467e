import { parseTags } from "./parseTags.js";

/**
 * The content of a tag that occurs exactly once in a completion, opened once and closed once; `null` otherwise.
 *
 * Where the block stands does not matter here: that is the business of the `format` reward.
 *
 * @throws ConfigurationError if the tag cannot be a name.
 * @example
 * import { onlyBlock } from "@msrl/rewards";
 * const type = onlyBlock({ tag: "type" });
 * assert.deepStrictEqual([type("<type>text</type>"), type("text"), type("<type>a</type><type>b</type>")], ["text", null, null]);
 * @since 0.1.0
 */
export const onlyBlock = ({ tag }: { readonly tag: string }): ((text: string) => string | null) => {
  const parse = parseTags({ tags: [tag] });
  return (text) => {
    const { blocks, strays } = parse(text);
    return blocks.length === 1 && strays === 0 ? (blocks[0]?.content ?? null) : null;
  };
};
