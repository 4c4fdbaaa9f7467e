import * as E from "fp-ts/Either";
import { type Tagged, tagged } from "../errors.js";
import type { TensorType } from "../graph/expr.js";
import { float32, type Tensor, type Tensors } from "../tensor.js";

/** What another program knows of its tokens: flat arrays, row-major over [batch, time], log-probs in nats. */
export interface TokenArrays {
  /** Number of completions. */
  readonly batch: number;
  /** Tokens a row, padding included. */
  readonly time: number;
  readonly logProbs: ArrayLike<number>;
  /** One number a completion, or one a token. */
  readonly advantages: ArrayLike<number>;
  /** 1 where a token counts, else 0; all count if absent. */
  readonly mask?: ArrayLike<number>;
  /** Under the policy that drew the tokens; absent: the policy itself (ratio 1). */
  readonly oldLogProbs?: ArrayLike<number>;
  /** As the sampler itself reported them, NaN where it could not; absent: `oldLogProbs`. */
  readonly samplerLogProbs?: ArrayLike<number>;
  /** Under the reference policy; a loss with a KL term wants it. */
  readonly referenceLogProbs?: ArrayLike<number>;
  /** Entropy of the next-token distribution; a loss that needs it wants it. */
  readonly entropy?: ArrayLike<number>;
  /** Tokens that count in the whole update, if these arrays are one of its micro-batches. */
  readonly tokens?: number;
  /** Completions with a token that counts in the whole update, if these arrays are one of its micro-batches. */
  readonly sequences?: number;
}

/** Something wrong with a field of {@link TokenArrays}. */
export interface ArrayProblem {
  readonly field: string;
  readonly given: string;
  readonly wanted: string;
}

/** Arrays that do not fit, with everything that is wrong. */
export type BadArrays = Tagged<"BadArrays", { readonly problems: readonly ArrayProblem[] }>;

const perToken = [
  "logProbs",
  "oldLogProbs",
  "samplerLogProbs",
  "referenceLogProbs",
  "advantages",
  "mask",
  "entropy",
] as const;

/** What has a default. */
const needless: ReadonlySet<string> = new Set(["mask", "oldLogProbs", "samplerLogProbs"]);

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0;

/** What is wrong with one array, of those that are read or given. */
const problemOf = (arrays: TokenArrays, field: (typeof perToken)[number], read: boolean): readonly ArrayProblem[] => {
  const { batch, time } = arrays;
  const values = arrays[field];
  const wanted = `${batch * time} numbers [${batch}, ${time}]${field === "advantages" ? `, or ${batch}` : ""}`;
  if (values === undefined || values === null)
    return needless.has(field) || !read ? [] : [{ field, given: "nothing", wanted }];
  const fits = values.length === batch * time || (field === "advantages" && values.length === batch);
  return fits ? [] : [{ field, given: `${values.length} numbers`, wanted }];
};

const problemsOf = (arrays: TokenArrays, read: Readonly<Record<string, TensorType>>): readonly ArrayProblem[] => {
  const sizes = (["batch", "time"] as const).flatMap((field): readonly ArrayProblem[] =>
    isCount(arrays[field]) ? [] : [{ field, given: String(arrays[field]), wanted: "a whole number of at least 0" }],
  );
  if (sizes.length > 0) return sizes;
  const counts = (["tokens", "sequences"] as const).flatMap((field): readonly ArrayProblem[] => {
    const value = arrays[field];
    if (value === undefined || (Number.isFinite(value) && value >= 0)) return [];
    return [{ field, given: String(value), wanted: "a finite number of at least 0" }];
  });
  return [...perToken.flatMap((field) => problemOf(arrays, field, Object.hasOwn(read, field))), ...counts];
};

/** The arrays as tensors of the names that are read, defaults filled in; or everything that is wrong with them. */
export const tokenTensors = (
  arrays: TokenArrays,
  read: Readonly<Record<string, TensorType>>,
): E.Either<BadArrays, Tensors> => {
  const problems = problemsOf(arrays, read);
  if (problems.length > 0) {
    const lines = problems.map(
      ({ field, given, wanted }) => `tokenGradient: ${field}: ${given} given, ${wanted} wanted`,
    );
    return E.left(tagged("BadArrays", lines.join("\n"), { problems }));
  }
  const { batch, time, logProbs, advantages } = arrays;
  const matrix = (values: ArrayLike<number>): Tensor => float32([batch, time], values);
  const mask = Float32Array.from(arrays.mask ?? { length: batch * time }, (value?: number) => value ?? 1);
  const spread =
    advantages.length === batch * time
      ? advantages
      : Float32Array.from({ length: batch * time }, (_, at) => advantages[Math.floor(at / time)]!);
  const lengths = Array.from({ length: batch }, (_, row) =>
    mask.subarray(row * time, (row + 1) * time).reduce((count, value) => count + (value > 0 ? 1 : 0), 0),
  );
  const tokens = arrays.tokens ?? lengths.reduce((sum, length) => sum + length, 0);
  const sequences = arrays.sequences ?? lengths.filter((length) => length > 0).length;
  const tensors: Tensors = {
    logProbs: matrix(logProbs),
    oldLogProbs: matrix(arrays.oldLogProbs ?? logProbs),
    samplerLogProbs: matrix(arrays.samplerLogProbs ?? arrays.oldLogProbs ?? logProbs),
    advantages: matrix(spread),
    mask: matrix(mask),
    tokens: float32([], [tokens]),
    sequences: float32([], [sequences]),
    ...(arrays.referenceLogProbs && { referenceLogProbs: matrix(arrays.referenceLogProbs) }),
    ...(arrays.entropy && { entropy: matrix(arrays.entropy) }),
  };
  return E.right(Object.fromEntries(Object.entries(tensors).filter(([name]) => Object.hasOwn(read, name))));
};
