import { configurationError } from "@msrl/core";

/** Settings of {@link parseTags}. */
export interface ParseOptions {
  /** Names of the tags that are looked for; all other markup is plain text. */
  readonly tags: readonly string[];
  /** Whether `<ANSWER>` is another tag than `<answer>`; true by default. */
  readonly caseSensitive?: boolean;
}

/** An opening tag, the next closing tag of the same name, and what stands between. */
export interface Block {
  /** The tag's name as it was asked for. */
  readonly tag: string;
  readonly content: string;
  /** Where the opening tag begins, in UTF-16 units. */
  readonly start: number;
  /** Where the closing tag ends. */
  readonly end: number;
}

/** What {@link parseTags} found in a completion. */
export interface ParsedTags {
  /** Closed blocks, by where they open. Blocks of different tags may lie in one another; those of one tag never do. */
  readonly blocks: readonly Block[];
  /** How many blocks of each tag that was asked for. */
  readonly counts: ReadonlyMap<string, number>;
  /** Opening tags that are not closed and closing tags that were not opened. */
  readonly strays: number;
  /** The text that lies in no block, stray tags included. */
  readonly outside: string;
}

interface Token {
  readonly tag: string;
  readonly start: number;
  readonly end: number;
}

interface Pair {
  readonly open: Token;
  readonly close: Token;
}

const checkTags = (tags: readonly string[]): void => {
  const wanted = "one or more different names without space, <, > or /";
  const wrong = tags.find((tag, at) => !/^[^\s<>/]+$/.test(tag) || tags.indexOf(tag) !== at);
  if (tags.length > 0 && wrong === undefined) return;
  const given = wrong ?? "none";
  throw configurationError("parseTags", [{ field: "tags", given: JSON.stringify(given), wanted }]);
};

/** One alternation without a quantifier: each character of the text is looked at a bounded number of times. */
const tagPattern = (tags: readonly string[], caseSensitive: boolean): RegExp => {
  const names = tags.map((tag) => tag.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`<(/?)(${names.join("|")})>`, caseSensitive ? "g" : "gi");
};

/** The text that no pair covers, pairs being in the order of their opening tags. */
const textOutside = (text: string, pairs: readonly Pair[]): string => {
  const pieces: string[] = [];
  let covered = 0;
  for (const { open, close } of pairs) {
    if (open.start > covered) pieces.push(text.slice(covered, open.start));
    covered = Math.max(covered, close.end);
  }
  pieces.push(text.slice(covered));
  return pieces.join("");
};

/**
 * Reads a completion's tags in one pass: which of the asked tags occur, in which order, how often, around what.
 *
 * A closing tag closes the last opening tag of its name; an opening tag before it that is still open, and a closing tag
 * that opens nothing, are strays. Tags are exact: `<think>`, without attributes or spaces. Total: every string has a
 * result. Time and memory are linear in the length of the text for a given list of tags.
 *
 * @throws ConfigurationError if no tag is asked for, one twice, or one that cannot be a name.
 * @example
 * import { parseTags } from "@msrl/rewards";
 * const { blocks, strays, outside } = parseTags({ tags: ["think", "answer"] })("<think>red</think> so <answer>A</answer>");
 * assert.deepStrictEqual(blocks.map(({ tag, content }) => [tag, content]), [["think", "red"], ["answer", "A"]]);
 * assert.deepStrictEqual([strays, outside], [0, " so "]);
 * @since 0.1.0
 */
export const parseTags = ({ tags, caseSensitive = true }: ParseOptions): ((text: string) => ParsedTags) => {
  checkTags(tags);
  const pattern = tagPattern(tags, caseSensitive);
  const named = new Map(tags.map((tag) => [caseSensitive ? tag : tag.toLowerCase(), tag]));
  const nameOf = (written: string): string => named.get(caseSensitive ? written : written.toLowerCase()) ?? written;
  return (text) => {
    const opened = new Map<string, { readonly open: Token; readonly slot: number }>();
    const slots: (Pair | undefined)[] = [];
    const counts = new Map(tags.map((tag) => [tag, 0]));
    let tokens = 0;
    for (const match of text.matchAll(pattern)) {
      tokens++;
      const tag = nameOf(match[2] ?? "");
      const token = { tag, start: match.index, end: match.index + match[0].length };
      if (match[1] === "") {
        opened.set(tag, { open: token, slot: slots.push(undefined) - 1 });
        continue;
      }
      const begun = opened.get(tag);
      if (begun === undefined) continue;
      slots[begun.slot] = { open: begun.open, close: token };
      opened.delete(tag);
      counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
    const pairs = slots.filter((pair) => pair !== undefined);
    const blocks = pairs.map(({ open, close }) => ({
      tag: open.tag,
      content: text.slice(open.end, close.start),
      start: open.start,
      end: close.end,
    }));
    return { blocks, counts, strays: tokens - 2 * pairs.length, outside: textOutside(text, pairs) };
  };
};
