import type { Expr } from "../src/graph/expr.js";
import { matmul } from "../src/graph/ops/matmul.js";
import { input } from "../src/graph/ops/op.js";
import { logitStatistics } from "../src/losses/logitStatistics.js";
import type { LossInputs } from "../src/losses/loss.js";
import type { Tensors } from "../src/tensor.js";
import { int32 } from "../src/tensor.js";
import { lossInputs } from "./lossInputs.js";
import { float64 } from "./testDevice.js";

const [width, vocabulary] = [2, 5];
const states = input("states", "float64", ["batch", "time", width]);
const head = input("head", "float64", [vocabulary, width]);
const logits = input("logits", "float64", ["batch", "time", vocabulary]);
const targets = input("targets", "int32", ["batch", "time"]);

/** What a policy gives to a loss that needs hidden states, or logits, in float64; log-probs are made from them. */
export const modelInputs = (from: "hidden" | "logits"): LossInputs & { readonly parts: readonly Expr[] } => {
  const all = from === "hidden" ? matmul(states, head, { transB: true }) : logits;
  const { logProbs } = logitStatistics()(all, targets, lossInputs.mask);
  const { entropy: _, ...inputs } = lossInputs;
  const given = from === "hidden" ? { hidden: { states, head } } : { logits };
  return { ...inputs, ...given, logProbs, targets, parts: from === "hidden" ? [states, head] : [logits] };
};

/** A token as these tests know it. */
export interface ModelToken {
  readonly state: readonly number[];
  readonly target: number;
  readonly advantage: number;
  readonly counts: boolean;
}

/** The head of these tests. */
export const headRows: readonly (readonly number[])[] = [
  [0.5, -1],
  [2, 0.25],
  [-0.75, 1.5],
  [0, 0.5],
  [-1, -1],
];

/** Logits of a state. */
export const logitsOf = (state: readonly number[]): readonly number[] =>
  headRows.map((row) => row.reduce((sum, weight, h) => sum + weight * state[h]!, 0));

/** What {@link modelInputs} are fed for rows of equal length. */
export const modelFeeds = (rows: readonly (readonly ModelToken[])[]): Tensors => {
  const shape = [rows.length, rows[0]?.length ?? 0];
  const tokens = rows.flat();
  return {
    states: float64(
      [...shape, width],
      tokens.flatMap(({ state }) => state),
    ),
    logits: float64(
      [...shape, vocabulary],
      tokens.flatMap(({ state }) => logitsOf(state)),
    ),
    head: float64([vocabulary, width], headRows.flat()),
    targets: int32(
      shape,
      tokens.map(({ target }) => target),
    ),
    advantages: float64(
      shape,
      tokens.map(({ advantage }) => advantage),
    ),
    mask: float64(
      shape,
      tokens.map(({ counts }) => (counts ? 1 : 0)),
    ),
    tokens: float64([], [tokens.filter(({ counts }) => counts).length]),
    sequences: float64([], [rows.filter((row) => row.some(({ counts }) => counts)).length]),
  };
};
