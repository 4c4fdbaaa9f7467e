import * as E from "fp-ts/Either";
import type { Loss } from "./loss.js";
import { tokenGradientModel } from "./tokenGradientModel.js";

const known = new WeakMap<Loss, boolean>();

/** Whether a loss over token log-probs reads those of a reference policy; false of a loss that needs more than log-probs and entropy. */
export const readsReference = (loss: Loss): boolean => {
  const before = known.get(loss);
  if (before !== undefined) return before;
  const model = tokenGradientModel(loss);
  const reads = E.isRight(model) && Object.hasOwn(model.right.inputs, "referenceLogProbs");
  known.set(loss, reads);
  return reads;
};
