import { configurationError } from "@msrl/core";
import { checkOptions, flag, type Rules, shown } from "@msrl/core/configuration";
import { isTagName, type TagToken, tagTokens } from "./tagTokens.js";

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

interface Pair {
  readonly open: TagToken;
  readonly close: TagToken;
}

/** What cannot be asked for among the tags, as a message shows it; `undefined`: nothing. */
const wrongTags = (tags: unknown): string | undefined => {
  if (!Array.isArray(tags)) return shown(tags);
  if (tags.length === 0) return "empty";
  const at = tags.findIndex((tag: unknown, place) => !isTagName(tag) || tags.indexOf(tag) !== place);
  return at < 0 ? undefined : shown(tags[at]);
};

const checkTags = (where: string, tags: unknown): void => {
  const given = wrongTags(tags);
  const wanted = "one or more different names without space, <, > or /";
  if (given !== undefined) throw configurationError(where, [{ field: "tags", given, wanted }]);
};

/** Tags are refused by {@link checkTags}, which says which of them. */
const rules: Rules<ParseOptions> = { tags: { wanted: "names", fits: () => true }, caseSensitive: flag };
const defaults = { caseSensitive: true } as const;

type ReadTokens = (text: string) => readonly TagToken[];

const exactTokens = (tags: readonly string[]): ReadTokens => {
  const known = new Set(tags);
  return (text) => tagTokens(text).filter(({ tag }) => known.has(tag));
};

/** By one alternation without a quantifier: each character of the text is looked at a bounded number of times. */
const looseTokens = (tags: readonly string[]): ReadTokens => {
  const names = tags.map((tag) => tag.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const pattern = new RegExp(`<(/?)(${names.join("|")})>`, "gi");
  const named = new Map(tags.map((tag) => [tag.toLowerCase(), tag]));
  return (text) =>
    Array.from(text.matchAll(pattern), ({ index, 0: all, 1: slash, 2: name = "" }) => ({
      tag: named.get(name.toLowerCase()) ?? name,
      closes: slash !== "",
      start: index,
      end: index + all.length,
    }));
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
export const parseTags = (options: ParseOptions): ((text: string) => ParsedTags) => tagParser("parseTags", options);

/** {@link parseTags} for a function of that name, which is the one that refuses wrong options. */
export const tagParser = (where: string, options: ParseOptions): ((text: string) => ParsedTags) => {
  const { tags, caseSensitive } = checkOptions<Required<ParseOptions>>(where, rules, defaults, options);
  checkTags(where, tags);
  const read = caseSensitive ? exactTokens(tags) : looseTokens(tags);
  return (text) => {
    const tokens = read(text);
    const opened = new Map<string, { readonly open: TagToken; readonly slot: number }>();
    const slots: (Pair | undefined)[] = [];
    const counts = new Map(tags.map((tag) => [tag, 0]));
    for (const token of tokens) {
      const { tag, closes } = token;
      if (!closes) {
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
    return { blocks, counts, strays: tokens.length - 2 * pairs.length, outside: textOutside(text, pairs) };
  };
};
