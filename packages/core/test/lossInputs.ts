import { input } from "../src/graph/index.js";
import type { LossInputs } from "../src/losses/loss.js";
import type { Tensors } from "../src/tensor.js";
import { float64 } from "./testDevice.js";

const perToken = (name: string) => input(name, "float64", ["batch", "time"]);

/** Inputs of a loss as graph inputs in float64, by the names of their fields. */
export const lossInputs: LossInputs & Required<Pick<LossInputs, "entropy" | "samplerLogProbs">> = {
  logProbs: perToken("logProbs"),
  oldLogProbs: perToken("oldLogProbs"),
  samplerLogProbs: perToken("samplerLogProbs"),
  referenceLogProbs: perToken("referenceLogProbs"),
  advantages: perToken("advantages"),
  mask: perToken("mask"),
  entropy: perToken("entropy"),
  tokens: input("tokens", "float64", []),
  sequences: input("sequences", "float64", []),
};

/** A token as a test knows it. */
export interface Token {
  readonly logProb: number;
  readonly old: number;
  /** As the sampler reported it; absent: `old`. */
  readonly sampler?: number;
  readonly reference: number;
  readonly advantage: number;
  readonly counts: boolean;
}

/** Whole-update counts of rows of tokens. */
export const countsOf = (rows: readonly (readonly Token[])[]) => ({
  tokens: rows.flat().filter(({ counts }) => counts).length,
  sequences: rows.filter((row) => row.some(({ counts }) => counts)).length,
});

/** What {@link lossInputs} are fed for rows of equal length; counts are those of the rows unless given. */
export const feedsOf = (rows: readonly (readonly Token[])[], counts = countsOf(rows)): Tensors => {
  const matrix = (value: (token: Token) => number) =>
    float64([rows.length, rows[0]?.length ?? 0], rows.flat().map(value));
  return {
    logProbs: matrix(({ logProb }) => logProb),
    oldLogProbs: matrix(({ old }) => old),
    samplerLogProbs: matrix(({ old, sampler = old }) => sampler),
    referenceLogProbs: matrix(({ reference }) => reference),
    advantages: matrix(({ advantage }) => advantage),
    mask: matrix((token) => (token.counts ? 1 : 0)),
    entropy: matrix(({ reference }) => -reference),
    tokens: float64([], [counts.tokens]),
    sequences: float64([], [counts.sequences]),
  };
};
