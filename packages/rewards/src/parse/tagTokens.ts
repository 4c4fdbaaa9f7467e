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

interface Reading {
  readonly text: string;
  readonly tokens: readonly TagToken[];
}

/** Texts that are remembered at a time, and the longest of them: 16 MB at most. */
const [most, longest] = [4096, 2048];
const readings: Reading[] = [];
let [readers, next] = [0, 0];

/**
 * The reading of a text: of the one read last, of the one whose turn it is, or of the first, with which the next reward
 * begins and which a group that has converged repeats. Any other would cost more to find than to read.
 */
const remembered = (text: string): Reading | undefined => {
  const last = readings[next - 1];
  if (last?.text === text) return last;
  const due = readings[next];
  if (due?.text === text) {
    next++;
    return due;
  }
  const first = readings[0];
  if (first?.text !== text) return undefined;
  if (next === readings.length) next = 1;
  return first;
};

/** The tags of a text. The result depends on the text alone, remembered or not. */
export const tagTokens = (text: string): readonly TagToken[] => {
  if (readers === 0 || text.length > longest) return scan(text);
  const found = remembered(text);
  if (found !== undefined) return found.tokens;
  const tokens = scan(text);
  if (readings.length < most) next = readings.push({ text, tokens });
  return tokens;
};

/**
 * Work of several rewards on a batch: each text is read once for all of them, since they come by in the same order. What
 * was read is forgotten when the last such work is done: texts that stay would be carried along by every collection of
 * garbage.
 */
export const readingOnce = <Value>(work: () => Promise<Value>): Promise<Value> => {
  readers++;
  return work().finally(() => {
    if (--readers > 0) return;
    readings.length = 0;
    next = 0;
  });
};
