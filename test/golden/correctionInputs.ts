import { input } from "@msrl/core/graph";
import type { CorrectionInputs } from "@msrl/core/losses";

const perToken = (name: string) => input(name, "float64", ["batch", "time"]);

/** Inputs of an off-policy correction as graph inputs in float64, by the names of their fields. */
export const correctionInputs: CorrectionInputs = {
  logProbs: perToken("logProbs"),
  oldLogProbs: perToken("oldLogProbs"),
  samplerLogProbs: perToken("samplerLogProbs"),
  advantages: perToken("advantages"),
  mask: perToken("mask"),
};
