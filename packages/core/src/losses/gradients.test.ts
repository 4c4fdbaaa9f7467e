import { expect, it } from "vitest";
import { feedsOf, lossInputs, type Token } from "../../test/lossInputs.js";
import { testDevice } from "../../test/testDevice.js";
import { clipDro } from "./clipRules/clipDro.js";
import { clipPpo } from "./clipRules/clipPpo.js";
import { klCov } from "./clipRules/klCov.js";
import { grpo } from "./grpo.js";
import type { Loss } from "./loss.js";
import { divergenceMask } from "./offPolicy/divergenceMask.js";
import { icePop } from "./offPolicy/icePop.js";
import { maskedImportance } from "./offPolicy/maskedImportance.js";
import { offPolicySequenceMask } from "./offPolicy/offPolicySequenceMask.js";
import { truncatedImportance } from "./offPolicy/truncatedImportance.js";
import { policyLoss } from "./policyLoss.js";
import type { PolicyLossOptions } from "./policyLossOptions.js";

const { gradientError } = testDevice();

const made = (name: string, more: Partial<PolicyLossOptions>): Loss =>
  policyLoss({ name, ratio: "token", clip: clipPpo(), aggregation: "sequenceMean", ...more });

const losses: readonly Loss[] = [
  made("truncated importance", { correction: truncatedImportance({ level: "token", max: 1.5 }) }),
  made("masked importance", { correction: maskedImportance({ level: "sequence", max: 3 }) }),
  made("IcePop", { correction: icePop() }),
  made("off-policy sequence mask", { correction: offPolicySequenceMask({ threshold: 0.2 }) }),
  made("divergence mask", { correction: divergenceMask({ by: "token", estimator: "k3", max: 0.3 }) }),
  made("DRO", { clip: clipDro() }),
  made("KL-Cov", { clip: klCov({ share: 0.4 }) }),
  grpo({ beta: 0.1, entropyBonus: 0.01, topEntropyShare: 0.5 }),
];

const token = (logProb: number, old: number, sampler: number, advantage: number, counts = true): Token => ({
  ...{ logProb, old, sampler, advantage, counts },
  reference: logProb - 0.3 - 0.1 * advantage,
});

/** No token on a border of any rule. */
const rows = [
  [token(-0.4, -0.9, -1.0, 1.1), token(-1.3, -0.73, -0.6, 0.9), token(-2.1, -2.2, -1.1, 1)],
  [token(-1.5, -1, -0.8, -1), token(-0.3, -0.43, -0.41, -0.7), token(-0.6, -0.65, -2, -1, false)],
];

it.each(losses)("$name: central differences by log-probs and entropies", async (loss) => {
  const value = loss.build(lossInputs).loss;
  expect(await gradientError(value, lossInputs.logProbs, feedsOf(rows))).toBeLessThan(1e-7);
  if (loss.needs.includes("entropy"))
    expect(await gradientError(value, lossInputs.entropy, feedsOf(rows))).toBeLessThan(1e-7);
});
