import { atLeast, checkOptions, type Rules } from "../configuration.js";
import type { KlController } from "./klController.js";

/** Settings of {@link fixedKl}. */
export interface FixedKlOptions {
  /** Weight of the KL term. */
  readonly coefficient: number;
}

const rules: Rules<FixedKlOptions> = { coefficient: atLeast(0) };

/**
 * A weight of the KL term that stays, whatever is observed.
 *
 * @throws ConfigurationError if the coefficient is not a finite number of at least 0.
 * @example
 * import { fixedKl } from "@msrl/core/kl";
 * const controller = fixedKl({ coefficient: 0.04 });
 * assert.deepStrictEqual(controller.next(controller.initial, { kl: 3, steps: 256 }), 0.04);
 * @since 0.1.0
 */
export const fixedKl = (options: FixedKlOptions): KlController => {
  const { coefficient } = checkOptions("fixedKl", rules, {}, options);
  return { name: "fixed", options: { coefficient }, initial: coefficient, next: (held) => held };
};
