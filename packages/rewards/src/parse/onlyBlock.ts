import { parseTags } from "./parseTags.js";
import { type TagToken, tagTokens } from "./tagTokens.js";

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
  parseTags({ tags: [tag] }); // refuses what cannot be a name
  return (text) => {
    let [open, close]: (TagToken | undefined)[] = [];
    for (const token of tagTokens(text)) {
      if (token.tag !== tag) continue;
      if (open === undefined && !token.closes) open = token;
      else if (open !== undefined && close === undefined && token.closes) close = token;
      else return null;
    }
    return open && close ? text.slice(open.end, close.start) : null;
  };
};
