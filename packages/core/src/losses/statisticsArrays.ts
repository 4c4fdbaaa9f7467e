import * as E from "fp-ts/Either";
import { tagged } from "../errors.js";
import type { StatisticsOptions } from "./statisticsOptions.js";
import type { ArrayProblem, BadArrays } from "./tokenArrays.js";

/** Settings of `tokenStatistics`. */
export interface TokenStatisticsOptions extends StatisticsOptions {
  /** Whether a gradient is taken by the head too; it costs two more products with it. */
  readonly headGradient: boolean;
  /** Tokens whose logits are worked on at a time; default: as many as make a few million logits. */
  readonly rowsPerChunk?: number;
}

/** Statistics of N tokens as arrays; gradients in the shapes of what they are taken by. */
export interface TokenStatistics {
  /** [N] in nats. */
  readonly logProbs: Float32Array;
  /** [N] in nats, if asked for. */
  readonly entropy?: Float32Array;
  /** The likeliest tokens of each row, [N, k], likeliest first, if asked for. */
  readonly top?: { readonly logProbs: Float32Array; readonly ids: Int32Array };
  /** d loss / d logits [N, V], or d loss / d states [N, H] and, if asked for, d loss / d head [V, H]; given `upstream`. */
  readonly gradient?: {
    readonly logits?: Float32Array;
    readonly states?: Float32Array;
    readonly head?: Float32Array;
  };
}

/**
 * What another program knows of N tokens: flat arrays, row-major, a row a token; logits, or states and the head.
 *
 * Logits, states and head are not copied, and a device may keep them for later calls: do not write into an array that was
 * given, give another.
 */
export interface StatisticsArrays {
  /** [N] the tokens whose log-probs are wanted. */
  readonly targets: ArrayLike<number>;
  /** [N, V]; V is their number over N. */
  readonly logits?: Float32Array;
  /** [N, H] final hidden states, in place of logits; H is their number over N. */
  readonly states?: Float32Array;
  /** [V, H] the head that makes logits of states. */
  readonly head?: Float32Array;
  /** [N] 1 where a token counts; the statistics and gradients of others are 0, whatever they hold. All count if absent. */
  readonly mask?: ArrayLike<number>;
  /** d loss / d statistic of each token: asks for the gradient of the loss. */
  readonly upstream?: {
    /** [N] */
    readonly logProbs?: ArrayLike<number>;
    /** [N]; the entropy has to be asked for. */
    readonly entropy?: ArrayLike<number>;
  };
}

/** The arrays as rows, and their sizes. */
export interface StatisticsSizes {
  readonly rows: number;
  readonly vocabulary: number;
  /** Width of the states; 0 for logits. */
  readonly width: number;
}

const wholeParts = (field: string, count: number, of: number, parts: string): readonly ArrayProblem[] =>
  of > 0 && count > 0 && count % of === 0
    ? []
    : [{ field, given: `${count} numbers`, wanted: `some for each of ${of} ${parts}` }];

const perToken = (field: string, values: ArrayLike<number> | undefined, rows: number): readonly ArrayProblem[] =>
  values === undefined || values.length === rows
    ? []
    : [{ field, given: `${values.length} numbers`, wanted: `${rows} numbers, one a target` }];

const sourceProblems = ({ targets, logits, states, head }: StatisticsArrays): readonly ArrayProblem[] => {
  const rows = targets.length;
  if (logits && (states || head)) return [{ field: "logits", given: "states or head too", wanted: "one or the other" }];
  if (logits) return rows === 0 ? [] : wholeParts("logits", logits.length, rows, "targets");
  if (!states || !head) {
    const missing = states ? "head" : head ? "states" : "logits";
    return [{ field: missing, given: "nothing", wanted: "logits, or states and head" }];
  }
  const problems = rows === 0 ? [] : wholeParts("states", states.length, rows, "targets");
  return rows === 0 || problems.length > 0
    ? problems
    : wholeParts("head", head.length, states.length / rows, "columns");
};

const sizesOf = ({ targets, logits, states, head }: StatisticsArrays): StatisticsSizes => {
  const rows = targets.length;
  if (rows === 0) return { rows, vocabulary: 0, width: 0 };
  if (logits) return { rows, vocabulary: logits.length / rows, width: 0 };
  const width = states!.length / rows;
  return { rows, vocabulary: head!.length / width, width };
};

const counts = (mask: ArrayLike<number> | undefined, at: number): boolean => mask === undefined || mask[at]! > 0;

const targetProblems = ({ targets, mask }: StatisticsArrays, vocabulary: number): readonly ArrayProblem[] => {
  for (let at = 0; at < targets.length; at++) {
    const id = targets[at]!;
    if (counts(mask, at) && !(Number.isInteger(id) && id >= 0 && id < vocabulary))
      return [{ field: `targets[${at}]`, given: String(id), wanted: `a token below ${vocabulary}` }];
  }
  return [];
};

/** The sizes of arrays that fit, or everything that is wrong with them. */
export const statisticsSizes = (arrays: StatisticsArrays, entropy: boolean): E.Either<BadArrays, StatisticsSizes> => {
  const { targets, mask, upstream } = arrays;
  const rows = targets.length;
  const shapes = [
    ...sourceProblems(arrays),
    ...perToken("mask", mask, rows),
    ...perToken("upstream.logProbs", upstream?.logProbs, rows),
    ...perToken("upstream.entropy", upstream?.entropy, rows),
    ...(upstream?.entropy && !entropy
      ? [{ field: "upstream.entropy", given: "numbers", wanted: "nothing where the entropy is not asked for" }]
      : []),
  ];
  const problems = shapes.length > 0 ? shapes : targetProblems(arrays, sizesOf(arrays).vocabulary);
  if (problems.length === 0) return E.right(sizesOf(arrays));
  const lines = problems.map(
    ({ field, given, wanted }) => `tokenStatistics: ${field}: ${given} given, ${wanted} wanted`,
  );
  return E.left(tagged("BadArrays", lines.join("\n"), { problems }));
};
