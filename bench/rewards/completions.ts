import { bits, key } from "@msrl/core";

const words =
  "the answer with more detail reads better than other one because it names its source and shows each step".split(" ");

/** So many characters of words in an order of their own. */
const reasonsOf = (seed: number, length: number): string =>
  Array.from(bits(key(seed), 250), (draw) => words[draw % words.length])
    .join(" ")
    .slice(0, length);

/** The task that all completions are of. */
export const taskName = "image_generation";

/** Completions of 1 kB: well-formed, and every eighth one not. */
export const completions: readonly string[] = Array.from({ length: 512 }, (_, at) => {
  const answer = `<answer>${"AB"[(at >> 1) % 2]}</answer>`;
  const reasons = reasonsOf(at, 930);
  return at % 8 === 7 ? `${answer} ${reasons}` : `<type>image_generation</type><think>${reasons}</think>\n${answer}`;
}).map((text) => Buffer.from(text).toString("latin1")); // flat, as text that came over a wire is

/** Their labels, half of which are named. */
export const labels: readonly string[] = completions.map((_, at) => "AB"[at % 2]!);
