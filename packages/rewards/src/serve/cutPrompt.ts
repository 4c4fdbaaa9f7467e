/** What stands for the completion in a query, and whether the prompt was found before it. */
export interface CutQuery {
  readonly completion: string;
  readonly cut: boolean;
}

/** Settings of {@link cutPrompt}. */
export interface CutOptions {
  /** Where the completion begins, where the prompt is not found: behind the last of this text, f.e. `<|im_start|>assistant\n`. */
  readonly completionAfter?: string;
  /** Whether special tokens at both ends are taken off; true by default. */
  readonly specialTokens?: boolean;
}

/** Special tokens as tokenizers of the common families write them. */
const special =
  "(?:<\\|[\\w\\-▁]{1,40}\\|>|<｜[\\w\\-▁]{1,40}｜>|</?s>|<pad>|<unk>|<bos>|<eos>|<end_of_turn>|\\[PAD\\])";
const leading = new RegExp(`^(?:\\s{0,8}${special})+`);
const one = new RegExp(`${special}$`);

/** Without special tokens at the end, and the white space between them. */
const withoutEnd = (text: string): string => {
  let end = text.trimEnd();
  let found = one.exec(end.slice(-48));
  if (found === null) return text;
  while (found !== null) {
    end = end.slice(0, end.length - found[0].length).trimEnd();
    found = one.exec(end.slice(-48));
  }
  return end;
};

/** Shortest end of a prompt that is taken for one whose beginning was cut off. */
const shortestEnd = 16;

/** Length of the longest end of `prompt` that `text` begins with, in linear time (Knuth, Morris and Pratt). */
const overlap = (prompt: string, text: string): number => {
  const length = Math.min(prompt.length, text.length);
  const back = new Int32Array(length + 1);
  for (let at = 1, matched = 0; at < length; at++) {
    while (matched > 0 && text[at] !== text[matched]) matched = back[matched]!;
    if (text[at] === text[matched]) matched++;
    back[at + 1] = matched;
  }
  let matched = 0;
  for (let at = prompt.length - length; at < prompt.length; at++) {
    while (matched > 0 && (matched === length || prompt[at] !== text[matched])) matched = back[matched]!;
    if (prompt[at] === text[matched]) matched++;
  }
  return matched;
};

/** Where the completion begins; -1: not found. */
const startIn = (query: string, prompt: string, after: string | undefined): number => {
  if (prompt === "") return 0;
  if (query.startsWith(prompt)) return prompt.length;
  const [head = ""] = leading.exec(query) ?? [];
  const rest = query.slice(head.length);
  const [promptHead = ""] = leading.exec(prompt) ?? [];
  const bare = prompt.slice(promptHead.length);
  if (bare !== "" && rest.startsWith(bare)) return head.length + bare.length;
  const shared = Math.max(overlap(prompt, query), 0);
  if (shared >= shortestEnd) return shared;
  const marker = after === undefined || after === "" ? -1 : query.lastIndexOf(after);
  return marker < 0 ? -1 : marker + after!.length;
};

/**
 * The completion of a query that is prompt and response in one, as trainers decode it: special tokens and all.
 *
 * The prompt is found at the start, with or without special tokens before it, also where a trainer cut off its
 * beginning; else the completion is what follows the last `completionAfter`; else it is the whole query. Linear.
 *
 * @example
 * import { cutPrompt } from "@msrl/rewards/serve";
 * const cut = cutPrompt("<s>Which is better?<think>..</think><answer>A</answer></s>", "Which is better?");
 * assert.deepStrictEqual(cut, { completion: "<think>..</think><answer>A</answer>", cut: true });
 * @since 0.1.0
 */
export const cutPrompt = (
  query: string,
  prompt: string,
  { completionAfter, specialTokens = true }: CutOptions = {},
): CutQuery => {
  const start = startIn(query, prompt, completionAfter);
  const completion = start < 0 ? query : query.slice(start);
  const bare = specialTokens ? withoutEnd(start < 0 ? completion.replace(leading, "") : completion) : completion;
  return { completion: bare, cut: start >= 0 };
};
