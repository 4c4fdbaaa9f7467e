import * as E from "fp-ts/Either";
import { type Tagged, tagged } from "../errors.js";
import { grad } from "../graph/grad.js";
import { input } from "../graph/ops/op.js";
import type { GraphError } from "../graph/problems.js";
import { type Model, toModel } from "../graph/toModel.js";
import type { Loss, LossInputs, Need } from "./loss.js";

/** A loss wants of a policy what cannot be given here. */
export type NeedNotMet = Tagged<
  "NeedNotMet",
  { readonly policy: string; readonly loss: string; readonly needs: readonly Need[] }
>;

/** What arrays of token log-probs can give to a loss. */
const given: readonly Need[] = ["logProbs", "entropy"];

/** What stands before a metric's name among the model's outputs. */
export const metricPrefix = "metric.";

const inputsOf = (loss: Loss, dtype: "float32" | "float64"): LossInputs => {
  const perToken = (name: string) => input(name, dtype, ["batch", "time"]);
  return {
    logProbs: perToken("logProbs"),
    oldLogProbs: perToken("oldLogProbs"),
    samplerLogProbs: perToken("samplerLogProbs"),
    referenceLogProbs: perToken("referenceLogProbs"),
    advantages: perToken("advantages"),
    mask: perToken("mask"),
    tokens: input("tokens", dtype, []),
    sequences: input("sequences", dtype, []),
    ...(loss.needs.includes("entropy") && { entropy: perToken("entropy") }),
  };
};

/**
 * The model of a loss and its gradient over arrays of token log-probs: one file for any batch, which any ONNX runtime runs.
 *
 * Inputs are those fields of `LossInputs` that the loss reads, [batch, time] or scalars, by their names. Outputs:
 * `loss`, `gradient.logProbs` [batch, time], `gradient.entropy` [batch, time] if the loss needs the entropy, and each
 * metric as `metric.<name>`.
 *
 * Left with `NeedNotMet` if the loss reads more than log-probs and entropy, with `GraphError` if it does not fit together.
 *
 * @example
 * import * as E from "fp-ts/Either";
 * import { crossEntropy, tokenGradientModel } from "@msrl/core/losses";
 * const model = tokenGradientModel(crossEntropy());
 * assert.deepStrictEqual(E.isRight(model) && model.right.outputs["gradient.logProbs"]?.shape, ["batch", "time"]);
 * @since 0.1.0
 */
export const tokenGradientModel = (
  loss: Loss,
  dtype: "float32" | "float64" = "float32",
): E.Either<NeedNotMet | GraphError, Model> => {
  const missing = loss.needs.filter((need) => !given.includes(need));
  if (missing.length > 0) {
    const message = `loss "${loss.name}" needs ${missing.join(", ")}; arrays of token log-probs give ${given.join(", ")}`;
    return E.left(tagged("NeedNotMet", message, { policy: "tokenGradient", loss: loss.name, needs: missing }));
  }
  const inputs = inputsOf(loss, dtype);
  const { loss: value, metrics } = loss.build(inputs);
  const [logProbs, entropy] = grad(value, [inputs.logProbs, ...(inputs.entropy ? [inputs.entropy] : [])]);
  return toModel({
    name: `gradient of ${loss.name}`,
    outputs: {
      loss: value,
      "gradient.logProbs": logProbs!,
      ...(entropy && { "gradient.entropy": entropy }),
      ...Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [`${metricPrefix}${name}`, metric])),
    },
  });
};
