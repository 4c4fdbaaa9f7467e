import { checkOptions, type Rule } from "@msrl/core/configuration";
import { isTagName, type TagToken, tagTokens } from "./tagTokens.js";

/** A rule for the name of a tag. */
export const tagName: Rule = { wanted: "a name without space, <, > or /", fits: isTagName };

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
export const onlyBlock = (options: { readonly tag: string }): ((text: string) => string | null) => {
  const { tag } = checkOptions("onlyBlock", { tag: tagName }, {}, options);
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
