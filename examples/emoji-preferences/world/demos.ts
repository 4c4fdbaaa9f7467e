import { fold, integer, type Key, type Label, type PreferenceSample, type Prompt, tagged } from "@msrl/core";
import { type Fact, readFacts, tell } from "./slots.js";
import { type Mode, render } from "./templates.js";

/** A prompt and a completion to imitate (without its end of sequence). */
export interface Demo {
  readonly prompt: Prompt;
  readonly completion: string;
}

/** The caption that a seen prompt asks for: of every picture, in the order of the prompt. */
export const captionOf = (sample: PreferenceSample): string =>
  [...sample.context, ...sample.responses]
    .flatMap((item) => (typeof item === "string" ? [] : [item.caption ?? ""]))
    .join(" ");

/** What the two answers claim: the objects named, or those shown at the slot of the wanted fact. */
const claimsOf = (sample: PreferenceSample, wanted: Fact): readonly string[] =>
  sample.responses.map((response) =>
    typeof response === "string"
      ? response
      : (readFacts(response.caption ?? "").find((fact) => fact.slot === wanted.slot)?.object ?? ""),
  );

/** The facts that a trace can start from: the one asked for, or both of the order. */
const checkable = (sample: PreferenceSample): readonly Fact[] => {
  if (sample.task.endsWith("_generation")) return readFacts(sample.query);
  const slot = sample.query.split(" ").at(-1);
  const told = sample.task === "text" ? sample.query : captionOf(sample);
  return readFacts(told).filter((fact) => fact.slot === slot);
};

/** The reasoning: the fact, the two claims, and the verdict, which repeats a claim and its letter. */
const thoughtOf = (sample: PreferenceSample, fact: Fact, verdict: Label): string => {
  const [a, b] = claimsOf(sample, fact) as [string, string];
  const fits = `${verdict === "A" ? a : b} ${verdict} fits`;
  return sample.task.endsWith("_generation")
    ? `want ${tell(fact)} . A ${fact.slot} ${a} A . B ${fact.slot} ${b} B . ${fits}`
    : `see ${tell(fact)} . ${a} A . ${b} B . ${fits}`;
};

/** The completion in the format of a mode, with the given fact checked and the given verdict. */
const completionOf = (mode: Mode, sample: PreferenceSample, fact: Fact, verdict: Label): string =>
  [
    ...(mode === "text" ? [] : [`<type> ${sample.task} </type>`]),
    ...(mode === "seen" ? [`<caption> ${captionOf(sample)} </caption>`] : []),
    `<think> ${thoughtOf(sample, fact, verdict)} </think>`,
    `<answer> ${verdict} </answer>`,
  ].join(" ");

/**
 * The right completion of a labelled sample: what SFT imitates. A generation checks the first fact on which the two
 * sides differ. Throws `MissingLabel` if the sample has no label.
 */
export const goldDemo =
  (mode: Mode) =>
  (sample: PreferenceSample): Demo => {
    if (sample.label === undefined)
      throw tagged("MissingLabel", `sample ${sample.id} has no label, a gold demonstration needs A or B`, {
        id: sample.id,
      });
    const facts = checkable(sample);
    const telling = facts.find((fact) => new Set(claimsOf(sample, fact)).size === 2) ?? facts[0]!;
    return { prompt: render(mode)(sample), completion: completionOf(mode, sample, telling, sample.label) };
  };

/**
 * A completion in the right format that checks a random fact and repeats a random claim: what the backbone imitates.
 * One key serves a whole batch (the sample's id is folded in); another key, another verdict.
 */
export const randomVerdictDemo =
  (mode: Mode, from: Key) =>
  (sample: PreferenceSample): Demo => {
    const facts = checkable(sample);
    const draw = integer(fold(from, sample.id), 2 * facts.length);
    const fact = facts[draw >>> 1]!;
    return { prompt: render(mode)(sample), completion: completionOf(mode, sample, fact, draw % 2 === 0 ? "A" : "B") };
  };
