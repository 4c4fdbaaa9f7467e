import { between, checkOptions, type Rules, wholeFrom } from "../configuration.js";
import { type Tensor, tensor } from "../tensor.js";
import { checkSameTensors, isDue, type ReferenceRefresh } from "./referenceRefresh.js";

/** Settings of {@link softRefresh}. */
export interface SoftRefreshOptions {
  /** Part of the policy in the new reference: 1 is the policy, 0 the reference as it was. */
  readonly mix: number;
  /** Updates from one refresh to the next. */
  readonly every: number;
}

/** Defaults of {@link softRefresh}: those of TRL's `ref_model_mixup_alpha` and `ref_model_sync_steps`. */
export const softRefreshDefaults: SoftRefreshOptions = { mix: 0.6, every: 512 };

const rules: Rules<SoftRefreshOptions> = { mix: between(0, 1), every: wholeFrom(1) };

/** Weights are mixed in their own type; whole numbers and flags are no weights, and are the policy's. */
const mixed = (reference: Tensor, policy: Tensor, mix: number): Tensor => {
  const blend = (a: number, b: number): number => (1 - mix) * a + mix * b;
  const [old, other] = [reference.data, policy.data];
  if (old instanceof Float32Array && other instanceof Float32Array)
    return tensor(
      "float32",
      policy.shape,
      Float32Array.from(old, (a, at) => blend(a, other[at]!)),
    );
  if (old instanceof Float64Array && other instanceof Float64Array)
    return tensor(
      "float64",
      policy.shape,
      Float64Array.from(old, (a, at) => blend(a, other[at]!)),
    );
  return policy;
};

/**
 * The reference moves towards the policy after every n updates, and stays between:
 *
 *     reference <- (1 - mix) reference + mix policy        if updates > 0 and updates mod every = 0
 *
 * At mix 1 it is `hardRefresh`. Equals TRL's `SyncRefModelCallback`.
 *
 * Gorbatovski et al., Learn Your Reference Model for Real Good Alignment (2024), https://arxiv.org/abs/2404.09656
 *
 * @throws ConfigurationError with every option that cannot be; the refresh itself, if the two have other tensors.
 * @example
 * import { float32 } from "@msrl/core";
 * import { softRefresh } from "@msrl/core/kl";
 * const [reference, policy] = [{ w: float32([1], [0]) }, { w: float32([1], [2]) }];
 * assert.deepStrictEqual(softRefresh({ mix: 0.25, every: 1 })(reference, policy, 1).w, float32([1], [0.5]));
 * @since 0.1.0
 */
export const softRefresh = (options: Partial<SoftRefreshOptions> = {}): ReferenceRefresh => {
  const { mix, every } = checkOptions("softRefresh", rules, softRefreshDefaults, options);
  return (reference, policy, updates) => {
    checkSameTensors("softRefresh", reference, policy);
    if (!isDue(updates, every)) return reference;
    return Object.fromEntries(
      Object.entries(policy).map(([name, value]) => [name, mixed(reference[name]!, value, mix)]),
    );
  };
};
