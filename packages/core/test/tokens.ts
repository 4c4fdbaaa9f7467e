import fc from "fast-check";
import type { Token } from "./lossInputs.js";

const logProb = fc.double({ min: -4, max: 0, noNaN: true });

/** A token whose ratio to the old policy lies within e^+-1.5. */
const token: fc.Arbitrary<Token> = fc
  .record({
    logProb,
    shift: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
    reference: logProb,
    advantage: fc.double({ min: -3, max: 3, noNaN: true }),
    counts: fc.boolean(),
  })
  .map(({ shift, ...rest }) => ({ ...rest, old: rest.logProb - shift }));

/** Rows of one length, from one token up. */
export const rowsOfTokens: fc.Arbitrary<readonly (readonly Token[])[]> = fc
  .integer({ min: 1, max: 5 })
  .chain((time) => fc.array(fc.array(token, { minLength: time, maxLength: time }), { minLength: 1, maxLength: 5 }));

/** The same rows with nonsense wherever no token counts. */
export const spoiled = (rows: readonly (readonly Token[])[], by: number): readonly (readonly Token[])[] =>
  rows.map((row) =>
    row.map((one) => (one.counts ? one : { logProb: by, old: -by, reference: by, advantage: by, counts: false })),
  );
