import type { Label, Prompt, Rollout, Tagged } from "@msrl/core";
import { tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import type { Assemble } from "../captions/insertCaption.js";
import { insertCaption } from "../captions/insertCaption.js";
import type { ChooseTraceOptions, Dropped, Kept } from "./chooseTrace.js";
import { chooseTrace } from "./chooseTrace.js";
import type { Vote } from "./vote.js";
import type { YieldTable } from "./yieldTable.js";
import { yieldTable } from "./yieldTable.js";

/** A sample for CMKD: what the student will see, and what the teacher made of its caption. */
export interface CmkdSource {
  /** The student's prompt, with the media themselves. */
  readonly prompt: Prompt;
  /** The caption the student is to reproduce. */
  readonly caption: string;
  /** The teacher's candidates, sampled from the caption; its prompt has the id of the student's. */
  readonly rollout: Rollout;
  /** Gold label, for the yield table and ties of rule `label`; never needed. */
  readonly label?: Label;
}

/** Where an example comes from. */
export interface Provenance extends Vote {
  readonly confidence: number;
  readonly candidates: number;
  /** Place of the chosen candidate among all; told by `cmkd`, as all below. */
  readonly chosen?: number;
  /** Whether it was written with A and B exchanged, and mapped back. */
  readonly swapped?: boolean;
  /** Further confidences of it, by name. */
  readonly measures?: Readonly<Record<string, number>>;
  readonly teacher?: { readonly name: string; readonly checkpoint?: string };
}

/** An example for supervised fine-tuning on real media. */
export interface CmkdExample {
  readonly prompt: Prompt;
  readonly completion: string;
  readonly pseudoLabel: Label;
  readonly provenance: Provenance;
}

/** Examples, the samples that gave none, and the table of both. */
export interface CmkdResult {
  readonly examples: readonly CmkdExample[];
  readonly dropped: readonly Dropped[];
  readonly table: YieldTable;
}

/** A teacher's candidates that belong to another prompt than the student's. */
export type PromptMismatch = Tagged<"PromptMismatch", { readonly student: string; readonly teacher: string }>;

/** Settings of {@link cmkdExamples}. */
export interface CmkdExamplesOptions extends ChooseTraceOptions {
  /** Writes the student's completion; the caption before `<think>` by default. */
  readonly assemble?: Assemble;
}

const example = (source: CmkdSource, kept: Kept, assemble: Assemble): CmkdExample => ({
  prompt: source.prompt,
  completion: assemble(kept.trace.text, source.caption),
  pseudoLabel: kept.pseudoLabel,
  provenance: { ...kept.vote, confidence: kept.confidence, candidates: kept.candidates },
});

const mismatch = (at: number, { prompt, rollout }: CmkdSource): PromptMismatch =>
  tagged(
    "PromptMismatch",
    `cmkdExamples: source ${at}: the student's prompt is ${prompt.id}, the candidates are of ${rollout.prompt.id}`,
    { student: prompt.id, teacher: rollout.prompt.id },
  );

/**
 * Cross-modal knowledge distillation, up to the training set: for each sample a trace chosen by `chooseTrace` becomes the
 * example [media + question] -> `<type>..</type> <caption>..</caption> <think>..</think> <answer>..</answer>`, so that
 * the student learns to write the caption itself and then to reason as over text.
 *
 * Examples and dropped samples keep the order of the sources. Candidates whose prompt has another id than the
 * student's are a `PromptMismatch`. MSRL (2026), stage 2, https://arxiv.org/abs/2603.25108.
 *
 * @throws ConfigurationError for an unknown tie rule.
 * @example
 * import { cmkdExamples } from "@msrl/distill";
 * const make = cmkdExamples({ hasFormat: (text) => text.startsWith("<think>"), readVerdict: (text) => (text.endsWith("A") ? "A" : "B") });
 * const prompt = { id: "s1", messages: [] };
 * const completions = [{ text: "<think>red</think> A", tokenIds: [1], logProbs: [-1], truncated: false }];
 * const result = make([{ prompt, caption: "a red fox", rollout: { prompt, completions }, label: "A" }]);
 * assert.deepStrictEqual(result._tag === "Right" && result.right.examples.map(({ completion }) => completion), [
 *   "<caption> a red fox </caption> <think>red</think> A",
 * ]);
 * @since 0.1.0
 */
export const cmkdExamples = ({ assemble = insertCaption(), ...options }: CmkdExamplesOptions) => {
  const choose = chooseTrace(options);
  return (sources: readonly CmkdSource[]): E.Either<PromptMismatch, CmkdResult> => {
    const foreign = sources.findIndex(({ prompt, rollout }) => prompt.id !== rollout.prompt.id);
    const wrong = sources[foreign];
    if (wrong !== undefined) return E.left(mismatch(foreign, wrong));
    const pairs = sources.map((source) => ({ source, outcome: choose(source.rollout, source.label) }));
    return E.right({
      examples: pairs.flatMap(({ source, outcome }) =>
        outcome._tag === "Kept" ? [example(source, outcome, assemble)] : [],
      ),
      dropped: pairs.flatMap(({ outcome }) => (outcome._tag === "Dropped" ? [outcome] : [])),
      table: yieldTable(
        pairs.map(({ source: { label }, outcome }) => (label === undefined ? { outcome } : { outcome, label })),
      ),
    });
  };
};
