/** Whether a text can be the name of a tag. */
export const isTagName = (tag: unknown): tag is string => typeof tag === "string" && /^[^\s<>/]+$/.test(tag);

/** A tag as it stands in a text: its name, whether it closes, and where. */
export interface TagToken {
  readonly tag: string;
  readonly closes: boolean;
  readonly start: number;
  readonly end: number;
}

/**
 * All that stands between `<` and `>` without another of either, in order: every tag that could be asked for, and more.
 * It leaps from sign to sign; linear, since each search for a sign goes on where the last one ended.
 */
const scan = (text: string): readonly TagToken[] => {
  const tokens: TagToken[] = [];
  let end = -1;
  for (let start = text.indexOf("<"); start >= 0; ) {
    const next = text.indexOf("<", start + 1);
    if (end < start) end = text.indexOf(">", start + 1);
    if (end < 0) break;
    if (next < 0 || end < next) {
      const closes = text.charCodeAt(start + 1) === 47;
      tokens.push({ tag: text.slice(start + (closes ? 2 : 1), end), closes, start, end: end + 1 });
    }
    start = next;
  }
  return tokens;
};

/** Texts that are remembered, and the longest of them: 16 MB at most. */
const [places, longest] = [4096, 2048];
const memory = new Array<{ readonly text: string; readonly tokens: readonly TagToken[] } | undefined>(places);

/** A text's place, by its length and a few of its characters; of those that share one the last is remembered. */
const placeOf = (text: string): number => {
  const stride = text.length >> 3;
  let mix = text.length;
  for (let at = text.length - 1, left = 8; at >= 0 && left > 0; at -= stride + 1, left--)
    mix = Math.imul(mix ^ text.charCodeAt(at), 0x9e3779b1);
  return (mix >>> 16) & (places - 1);
};

/**
 * The tags of a text. Rewards that are composed ask one after another for the same texts, so what was read of the last
 * ones is remembered and each is read once. The result depends on the text alone, remembered or not.
 */
export const tagTokens = (text: string): readonly TagToken[] => {
  if (text.length > longest) return scan(text);
  const place = placeOf(text);
  const found = memory[place];
  if (found?.text === text) return found.tokens;
  const tokens = scan(text);
  memory[place] = { text, tokens };
  return tokens;
};
