import type { Completion, Label } from "@msrl/core";
import { insertCaption } from "../../captions/insertCaption.js";
import { chooseTrace, type TraceOutcome } from "../chooseTrace.js";
import type { CmkdExample } from "../cmkdExamples.js";
import { swapTrace } from "../position/swapTrace.js";
import type { CheckedCmkd, CmkdSample } from "./options.js";
import type { Candidate, TraceRecord } from "./traceRecord.js";

/** A sample's outcome, and the example that it gives. */
export interface JudgedRecord {
  readonly outcome: TraceOutcome;
  readonly example?: CmkdExample;
}

const other = (label: Label | null): Label | null => label && (label === "A" ? "B" : "A");

/** A candidate told of the answers in their own places; its tokens and log-probs stay those that the teacher drew. */
export const mappedBack =
  <State>({ swap = swapTrace() }: CheckedCmkd<State>) =>
  (candidate: Candidate): Candidate =>
    candidate.swapped ? { ...candidate, text: swap(candidate.text).text } : candidate;

/** Whether a candidate may be the trace: one of the other order only if all of it, its verdict too, was mapped back. */
const mayBeChosen = <State>({ swap = swapTrace(), readVerdict }: CheckedCmkd<State>, raw: Candidate): boolean => {
  if (!raw.swapped) return true;
  const { text, sure } = swap(raw.text);
  return sure && readVerdict(text) === other(readVerdict(raw.text));
};

/** What a trace's example knows of where it comes from. */
const provenanceOf = <State>(
  { teacher, measures = {} }: CheckedCmkd<State>,
  { candidates, confidences = {} }: TraceRecord,
  chosen: number,
) => ({
  chosen,
  swapped: candidates[chosen]!.swapped,
  measures: Object.fromEntries(Object.keys(measures).map((name) => [name, confidences[name]![chosen]!])),
  teacher: {
    name: teacher.policy.name,
    ...(teacher.checkpoint === undefined ? {} : { checkpoint: teacher.checkpoint }),
  },
});

/** Vote, filter and selection over the candidates of a record, and the example of the chosen one. */
export const judgeRecord = <State>(
  options: CheckedCmkd<State>,
  { prompt, caption, label }: CmkdSample,
  record: TraceRecord,
): JudgedRecord => {
  const { readVerdict, hasFormat, ties, select, assemble = insertCaption() } = options;
  const told: readonly Completion[] = record.candidates.map(mappedBack(options));
  const place = new Map(told.map((candidate, at) => [candidate, at]));
  const rawOf = (candidate: Completion): Candidate => record.candidates[place.get(candidate)!]!;
  const outcome = chooseTrace({
    ...{ readVerdict, hasFormat, ties },
    ...(select?.threshold === undefined ? {} : { threshold: select.threshold }),
    confidence: (candidate) => record.confidences!.confidence![place.get(candidate)!]!,
    verdictOf: (candidate) => {
      const raw = rawOf(candidate);
      return raw.swapped ? other(readVerdict(raw.text)) : readVerdict(raw.text);
    },
    eligible: (candidate) => mayBeChosen(options, rawOf(candidate)),
  })({ prompt, completions: told }, label);
  if (outcome._tag === "Dropped") return { outcome };
  const { trace, pseudoLabel, vote, confidence, candidates } = outcome;
  const example = {
    prompt,
    completion: assemble(trace.text, caption),
    pseudoLabel,
    provenance: { ...vote, confidence, candidates, ...provenanceOf(options, record, place.get(trace)!) },
  };
  return { outcome, example };
};
