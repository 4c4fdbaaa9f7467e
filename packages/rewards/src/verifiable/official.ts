import type { Reward } from "@msrl/core";
import { shown } from "@msrl/core/configuration";
import { perCompletion } from "../compose/perCompletion.js";

/** What the official rewards are judged against, as its data sets name them; a missing one gives 0. */
export interface OfficialReference {
  readonly label?: string;
  readonly task?: string;
}

/** An opening and a closing tag as Python's case-insensitive search finds them: for it ı and İ are i, ſ is s, the Kelvin sign is k. */
interface TagPair {
  readonly open: RegExp;
  readonly close: RegExp;
}

const tagPair = (name: string): TagPair => {
  const letters = name.replace(/i/g, "[iı\u0130]").replace(/s/g, "[s\u017f]").replace(/k/g, "[k\u212a]");
  return { open: new RegExp(`<${letters}>`, "i"), close: new RegExp(`</${letters}>`, "i") };
};

const tags = { think: tagPair("think"), answer: tagPair("answer"), type: tagPair("type") } as const;

/** A field of a reference; `undefined`: it has none. */
const fieldOf = (reference: OfficialReference | null | undefined, field: "label" | "task"): string | undefined => {
  const found: unknown = reference?.[field] ?? undefined;
  if (found === undefined || typeof found === "string") return found;
  throw new Error(`reference.${field} is ${shown(found)}, wanted a text`);
};

/** White space as Python's `strip` and `split` know it: control separators and NEL are, the byte order mark is not. */
const space = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const firstOther = new RegExp(`(?!${space})[^]`);
const oneSpace = new RegExp(space);
const spaces = new RegExp(`${space}+`, "g");

/** Without white space at both ends, in one pass from each end. */
const strip = (text: string): string => {
  const start = text.search(firstOther);
  if (start < 0) return "";
  let end = text.length;
  while (end > start && oneSpace.test(text[end - 1]!)) end--;
  return text.slice(start, end);
};

/** What stands between the first opening tag and the first closing tag after it; a later pair cannot be the first match. */
const firstBlock = (text: string, { open, close }: TagPair): string | null => {
  const opened = open.exec(text);
  if (!opened) return null;
  const rest = text.slice(opened.index + opened[0].length);
  const closed = close.exec(rest);
  return closed ? rest.slice(0, closed.index) : null;
};

/** The first block's content, or the whole text where there is none or an empty one. */
const blockOrAll = (text: string, pair: TagPair): string => {
  const stripped = strip(text);
  return strip(firstBlock(stripped, pair) ?? "") || stripped;
};

const labelOf = (text: string): string => blockOrAll(text, tags.answer).toUpperCase();

const taskOf = (text: string): string =>
  strip(blockOrAll(text.toLowerCase(), tags.type).replace(/[_-]/g, " ").replace(spaces, " "));

/**
 * The three rewards as MSRL's released plugin computes them, wrinkles included, so that runs can be compared.
 *
 *     accuracy   1 if the first <answer> block, or the whole text where there is none, is the label (letter case apart)
 *     format     1 if a <think> block and an <answer> block are somewhere, in any order, whatever else is there
 *     task       0.2 if the first <type> block, or the whole text, is the task (`_`, `-`, letter case apart)
 *
 * Two answers count as the first; a bare letter is an answer; its weights are 1, 0.2 and 0.2, so that the task adds 0.04.
 * `accuracy`, `format` and `taskType` are the strict readings, which this package's defaults are.
 *
 * MSRL (2026), https://arxiv.org/abs/2603.25108, `scripts/msrl/msrl_grpo_plugin.py` of https://github.com/wangclnlp/MSRL.
 *
 * @example
 * import { toPromise } from "@msrl/core";
 * import { official } from "@msrl/rewards";
 * const completion = { text: "<answer>A</answer><answer>B</answer>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { label: "A" } };
 * assert.deepStrictEqual(await toPromise(official.accuracy([judged])), [1]);
 * @since 0.1.0
 */
export const official: Readonly<Record<"accuracy" | "format" | "task", Reward<OfficialReference>>> = {
  accuracy: perCompletion<OfficialReference>("official accuracy", (text, reference) => {
    const label = fieldOf(reference, "label");
    const found = labelOf(text);
    return label !== undefined && found !== "" && found === labelOf(label) ? 1 : 0;
  }),
  format: perCompletion("official format", (text) =>
    firstBlock(text, tags.think) !== null && firstBlock(text, tags.answer) !== null ? 1 : 0,
  ),
  task: perCompletion<OfficialReference>("official task", (text, reference) => {
    const task = fieldOf(reference, "task");
    const named = taskOf(text);
    return task !== undefined && named !== "" && named === taskOf(task) ? 0.2 : 0;
  }),
};
