import { int32, type Tensors } from "@msrl/core";
import { type Expr, input } from "@msrl/core/graph";
import type { LossInputs } from "@msrl/core/losses";
import fc from "fast-check";
import { anyMask, batch, distinctLogits, softmax, time, vocabulary } from "./distributions.js";
import { float64 } from "./testDevice.js";

/** Width of a student's states. */
export const width = 3;
const tokensOfBatch = batch * time;

/** What a policy hands to the loss, `choices` tokens of the teacher's at each. */
export const inputsOf = (choices: number, [rows, steps] = [batch, time]) => {
  const perToken = (name: string): Expr => input(name, "float64", [rows!, steps!]);
  const logits = input("student", "float64", [rows!, steps!, vocabulary]);
  const [states, head] = [
    input("states", "float64", [rows!, steps!, width]),
    input("head", "float64", [vocabulary, width]),
  ];
  const teacherTop = {
    ids: input("ids", "int32", [rows!, steps!, choices]),
    logProbs: input("teacher", "float64", [rows!, steps!, choices]),
  };
  const unread = { logProbs: perToken("a"), oldLogProbs: perToken("b"), referenceLogProbs: perToken("c") };
  const counts = { tokens: input("tokens", "float64", []), sequences: input("sequences", "float64", []) };
  return {
    ...{ ...unread, ...counts, advantages: perToken("d"), mask: perToken("mask"), targets: perToken("e") },
    ...{ logits, hidden: { states, head }, teacherTop },
  } satisfies LossInputs;
};

/** A token: both models' logits, whether it counts, and whether its teacher is known. */
export interface Row {
  readonly student: readonly number[];
  readonly teacher: readonly number[];
  readonly counts: boolean;
  readonly known: boolean;
}

/** Numbers, a row a token. */
export const rowsOf = (x: readonly number[], size = vocabulary): readonly (readonly number[])[] =>
  Array.from({ length: x.length / size }, (_, at) => x.slice(at * size, (at + 1) * size));

/** The teacher's k likeliest tokens of a row of logits at a temperature. */
export const topOf = (logits: readonly number[], count: number, temperature = 1) => {
  const p = softmax(logits.map((x) => x / temperature));
  const ids = p
    .map((_, v) => v)
    .sort((a, b) => p[b]! - p[a]!)
    .slice(0, count);
  return { ids, logProbs: ids.map((id) => Math.log(p[id]!)) };
};

/** What {@link inputsOf} is fed: where a token has no teacher, or none counts, `hole` stands in its place. */
export const feeds = (
  rows: readonly Row[],
  count: number,
  hole = Number.NaN,
  temperature = 1,
  [batches, steps] = [batch, time],
): Tensors => {
  const tops = rows.map(({ teacher }) => topOf(teacher, count, temperature));
  const spoilt = (row: Row, values: readonly number[]) => (row.counts ? values : values.map(() => hole));
  const counting = rows.filter(({ counts }) => counts).length;
  return {
    student: float64(
      [batches!, steps!, vocabulary],
      rows.flatMap((row) => spoilt(row, row.student)),
    ),
    ids: int32(
      [batches!, steps!, count],
      rows.flatMap(({ counts, known }, at) => tops[at]!.ids.map((id) => (counts && known ? id : counts ? 0 : -100))),
    ),
    teacher: float64(
      [batches!, steps!, count],
      rows.flatMap((row, at) => tops[at]!.logProbs.map((x) => (row.known ? (row.counts ? x : hole) : Number.NaN))),
    ),
    mask: float64(
      [batches!, steps!],
      rows.map(({ counts }) => (counts ? 1 : 0)),
    ),
    tokens: float64([], [counting]),
    sequences: float64([], [1]),
  };
};

/** Any tokens. */
export const anyRows = fc
  .record({ a: distinctLogits, b: distinctLogits, mask: anyMask, known: anyMask })
  .map(({ a, b, mask, known }) =>
    rowsOf(a).map((student, at): Row => {
      return { student, teacher: rowsOf(b)[at]!, counts: mask[at] === 1, known: known[at] === 1 };
    }),
  );

/** Tokens of which one does not count and one has no teacher. */
export const fixedRows = Array.from({ length: tokensOfBatch }, (_, at): Row => {
  const row = (by: number) => Array.from({ length: vocabulary }, (__, v) => Math.sin((at * vocabulary + v) * by) * 3);
  return { student: row(1.7), teacher: row(2.3), counts: at !== 4, known: at !== 1 };
});

/** States that are NaN where no token counts, and a head. */
export const fixedHidden: Tensors = {
  states: float64(
    [batch, time, width],
    fixedRows.flatMap(({ counts }, at) =>
      Array.from({ length: width }, (_, h) => (counts ? Math.cos(at * 2.1 + h) : Number.NaN)),
    ),
  ),
  head: float64(
    [vocabulary, width],
    Array.from({ length: vocabulary * width }, (_, at) => Math.sin(at * 1.3) * 2),
  ),
};
