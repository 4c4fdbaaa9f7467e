import type { Reward } from "@msrl/core";

/** What all the rewards of a union together are judged against; one written in place without a word of it asks for nothing. */
export type AllOf<Rewards> = (
  Rewards extends Reward<infer Reference>
    ? [Reference] extends [never]
      ? (reference: unknown) => void
      : (reference: Reference) => void
    : never
) extends (reference: infer All) => void
  ? All
  : never;
