import { oneOf } from "../configuration.js";

/** What a completion gets that is the only one of its group with a reward, so that there is nothing beside it. */
export const aloneChoices = ["zero", "reward"] as const;

/** `zero`: advantage 0 (TRL, OpenRLHF); `reward`: the reward itself, as over a baseline of 0 (verl). */
export type Alone = (typeof aloneChoices)[number];

/** The rule of an option of that kind. */
export const aloneRule = oneOf(aloneChoices);
