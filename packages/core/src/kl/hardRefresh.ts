import { checkOptions, type Rules, wholeFrom } from "../configuration.js";
import { checkSameTensors, isDue, type ReferenceRefresh } from "./referenceRefresh.js";

/** Settings of {@link hardRefresh}. */
export interface HardRefreshOptions {
  /** Updates from one refresh to the next. */
  readonly every: number;
}

const rules: Rules<HardRefreshOptions> = { every: wholeFrom(1) };

/**
 * The reference becomes the policy after every n updates, and stays between:
 *
 *     reference <- policy        if updates > 0 and updates mod every = 0
 *
 * Tensors are values: the reference is the very tensors of the policy, none is copied.
 *
 * Gorbatovski et al., Learn Your Reference Model for Real Good Alignment (2024), https://arxiv.org/abs/2404.09656
 *
 * @throws ConfigurationError if `every` is not a whole number from 1; the refresh itself, if the two have other tensors.
 * @example
 * import { float32 } from "@msrl/core";
 * import { hardRefresh } from "@msrl/core/kl";
 * const [reference, policy] = [{ w: float32([1], [0]) }, { w: float32([1], [1]) }];
 * const refresh = hardRefresh({ every: 2 });
 * assert.deepStrictEqual([refresh(reference, policy, 1).w, refresh(reference, policy, 2).w], [reference.w, policy.w]);
 * @since 0.1.0
 */
export const hardRefresh = (options: HardRefreshOptions): ReferenceRefresh => {
  const { every } = checkOptions("hardRefresh", rules, {}, options);
  return (reference, policy, updates) => {
    checkSameTensors("hardRefresh", reference, policy);
    return isDue(updates, every) ? policy : reference;
  };
};
