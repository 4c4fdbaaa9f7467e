import type { PolicyError } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { meanLogProb } from "../confidence/meanLogProb.js";
import type { AnyConfidence } from "../confidence/measure.js";
import { type Confidences, measureConfidencesTask } from "../confidence/measureConfidences.js";
import type { CheckedCmkd, CmkdSample } from "./options.js";
import type { Candidate, TraceRecord } from "./traceRecord.js";

/** All confidences of a run: the one that chooses, and the further ones. */
export const measuresOf = <State>({
  select,
  measures,
}: CheckedCmkd<State>): Readonly<Record<string, AnyConfidence>> => ({
  confidence: select?.confidence ?? meanLogProb,
  ...measures,
});

/** Whether some confidence may ask the teacher. */
export const mayAsk = <State>(options: CheckedCmkd<State>): boolean =>
  Object.values(measuresOf(options)).some((each) => typeof each !== "function");

/** Confidences of the candidates in their order, from those of either position. */
const interleaved = (candidates: readonly Candidate[], given: Confidences, swapped: Confidences): Confidences => {
  const order = candidates.map((each, at) => ({
    from: each.swapped ? swapped : given,
    place: candidates.slice(0, at).filter((other) => other.swapped === each.swapped).length,
  }));
  return Object.fromEntries(
    Object.keys(given).map((name) => [name, order.map(({ from, place }) => from[name]![place]!)]),
  );
};

/**
 * Measures every candidate of a batch, each behind the prompt that it was drawn from, in one call at most.
 *
 * A measure that asks the teacher sees the candidates of one position, as the teacher wrote them; a function sees all of
 * them, mapped back.
 */
export const measureRecords =
  <State>(options: CheckedCmkd<State>, mapped: (candidate: Candidate) => Candidate) =>
  (
    batch: readonly CmkdSample[],
    records: readonly TraceRecord[],
  ): TE.TaskEither<PolicyError, readonly TraceRecord[]> => {
    const all = Object.entries(measuresOf(options));
    const asking = Object.fromEntries(all.filter(([, each]) => typeof each !== "function"));
    const plain = all.flatMap(([name, each]) => (typeof each === "function" ? [[name, each] as const] : []));
    const groups = records.flatMap(({ candidates }, at) =>
      [false, true].map((swapped) => ({
        prompt: (swapped ? batch[at]!.swapped : batch[at]!.asked) ?? batch[at]!.asked,
        completions: candidates.filter((each) => each.swapped === swapped),
      })),
    );
    return pipe(
      measureConfidencesTask({ teacher: options.teacher, measures: asking })(groups),
      TE.map((found) =>
        records.map((record, at) => {
          const told = record.candidates.map(mapped);
          const own = Object.fromEntries(plain.map(([name, each]) => [name, told.map((one) => each(one, told))]));
          const asked = interleaved(record.candidates, found[2 * at]!, found[2 * at + 1]!);
          return { ...record, confidences: { ...asked, ...own } };
        }),
      ),
    );
  };
