import { checkOptions } from "../../configuration.js";
import type { Correction } from "./correction.js";
import { type MaskedImportanceOptions, maskedImportanceOf, maskedImportanceRules } from "./maskedImportance.js";
import { boundProblems } from "./truncatedImportance.js";

/** Settings of {@link icePop}. */
export interface IcePopOptions {
  /** Smallest and largest ratio of a token that counts. */
  readonly min: number;
  readonly max: number;
}

/** Defaults of {@link icePop}: those of its authors. */
export const icePopDefaults: IcePopOptions = { min: 0.5, max: 5 };

/**
 * IcePop: masked importance sampling by token, with a bound on either side. With r = p_old / p_sampler of a token:
 *
 *     w = r if min <= r <= max, else 0        (no gradient)
 *
 * Every Step Evolves (2025), https://arxiv.org/abs/2510.18855. OpenRLHF's `icepop`; verl's `rollout_is_threshold: "0.5_5.0"`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { icePop } from "@msrl/core/losses";
 * assert.deepStrictEqual([icePop().name, icePop().options.max], ["ice_pop", 5]);
 * @since 0.1.0
 */
export const icePop = (options: Partial<IcePopOptions> = {}): Correction => {
  const { min, max } = maskedImportanceRules;
  const settings = checkOptions<IcePopOptions>("icePop", { min, max }, icePopDefaults, options, boundProblems);
  const masked: MaskedImportanceOptions = { level: "token", normalize: false, ...settings };
  return { ...maskedImportanceOf("ice_pop", masked), options: { ...settings } };
};
