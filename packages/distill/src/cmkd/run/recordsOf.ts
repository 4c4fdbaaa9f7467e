import { isTagged, tagged, toPromise } from "@msrl/core";
import { eachOf } from "../../captions/eachOf.js";
import { askedHash } from "./askedHash.js";
import { drawCandidates } from "./drawCandidates.js";
import { type JudgedRecord, judgeRecord, mappedBack } from "./judgeRecord.js";
import { mayAsk, measureRecords } from "./measureRecords.js";
import type { CheckedCmkd, CmkdSample } from "./options.js";
import type { TraceFile } from "./traceFile.js";
import { fromLine, type TraceRecord, toLine } from "./traceRecord.js";

/** The line of a finished sample: the example, or why there is none, then all that it was made from. */
const lineOf = ({ outcome, example }: JudgedRecord, record: TraceRecord): object => {
  const { id, ...drawn } = record;
  if (outcome._tag === "Dropped") return { id, dropped: outcome.reason, ...outcome.vote, ...drawn };
  const { completion, pseudoLabel, provenance } = example!;
  return { id, completion, pseudoLabel, provenance, ...drawn };
};

/** As a file gives it back, so that a run with and one without interruption are the same to the last bit. */
const asKept = (record: TraceRecord): TraceRecord => fromLine(toLine(record))!;

/** The records of a batch: from the file as far as it has them of these prompts, else drawn, measured and written. */
const finishBatch = async <State>(
  options: CheckedCmkd<State>,
  file: TraceFile,
  batch: readonly CmkdSample[],
  hashOf: ReturnType<typeof askedHash>,
): Promise<readonly TraceRecord[]> => {
  const held = batch.map((sample) => {
    const record = file.records.get(sample.prompt.id);
    return record?.asked === hashOf(sample, options.positions === "both") ? record : undefined;
  });
  if (held.every((record) => record?.confidences)) return held as readonly TraceRecord[];
  const drawn = held.every((record) => record) ? [] : await toPromise(drawCandidates(options, hashOf)(batch));
  const records = held.map((record, at) => record ?? asKept(drawn[at]!));
  if (mayAsk(options)) await file.append(records.filter((_, at) => !held[at])); // what was drawn is never drawn again
  const measured = await toPromise(measureRecords(options, mappedBack(options))(batch, records));
  const finished = measured.map((record, at) => (held[at]?.confidences ? held[at] : asKept(record)));
  const lines = finished.flatMap((record, at) =>
    held[at]?.confidences ? [] : [lineOf(judgeRecord(options, batch[at]!, record), record)],
  );
  await file.append(lines);
  return finished;
};

/** A sample of which no traces could be had, and why. */
export interface CmkdFailure {
  readonly id: string;
  readonly message: string;
}

/** The records of all samples in their order, nothing where there is none, and the failures that were skipped. */
export interface Records {
  readonly records: readonly (TraceRecord | undefined)[];
  readonly failed: readonly CmkdFailure[];
}

const batchesOf = (samples: readonly CmkdSample[], size: number): readonly (readonly CmkdSample[])[] =>
  Array.from({ length: Math.ceil(samples.length / size) }, (_, at) => samples.slice(at * size, (at + 1) * size));

/** Whether it is the teacher's failure, which says nothing of other samples. */
const ofTeacher = (cause: unknown): cause is Error =>
  isTagged(cause) && !["CmkdFile", "CmkdStopped"].includes(cause._tag);

/** The records of all samples: batches side by side; after a failure that is not skipped no further one is begun. */
export const recordsOf = async <State>(
  options: CheckedCmkd<State>,
  file: TraceFile,
  samples: readonly CmkdSample[],
): Promise<Records> => {
  const { batchSize, concurrency, signal, onSample, onFailure, failuresInRow } = options;
  const hashOf = askedHash();
  const failed: CmkdFailure[] = [];
  let [done, row] = [0, 0];
  let end: { readonly cause: unknown } | undefined;
  const work = async (batch: readonly CmkdSample[]): Promise<readonly TraceRecord[]> => {
    const of = samples.length;
    if (signal?.aborted) throw tagged("CmkdStopped", `cmkd: stopped after ${done} of ${of} samples`, { done, of });
    const records = await finishBatch(options, file, batch, hashOf);
    row = 0;
    for (const { id } of records) onSample?.(id, ++done, of);
    return records;
  };
  const records = await eachOf(batchesOf(samples, batchSize), concurrency, async (batch) => {
    if (end) return [];
    return work(batch).catch((cause: unknown) => {
      if (onFailure === "stop" || !ofTeacher(cause) || ++row >= failuresInRow) end ??= { cause };
      else failed.push(...batch.map(({ prompt }) => ({ id: prompt.id, message: cause.message })));
      return batch.map(() => undefined);
    });
  });
  if (end) throw end.cause;
  return { records: records.flat(), failed };
};
