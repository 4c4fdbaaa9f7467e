import * as E from "fp-ts/Either";
import { type Tagged, tagged } from "../errors.js";
import type { TensorType } from "../graph/expr.js";
import { float32, type Tensor, type Tensors, tensor } from "../tensor.js";

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

/** One number a token, of one number a token or a row; a copy, since who calls may write into its arrays again. */
const spread = (values: ArrayLike<number>, batch: number, time: number): Float32Array => {
  if (values.length === batch * time) return new Float32Array(values);
  const wide = new Float32Array(batch * time);
  for (let row = 0; row < batch; row++) wide.fill(values[row]!, row * time, (row + 1) * time);
  return wide;
};

/** Tokens that count, and rows that have one. */
const countsOf = (mask: Float32Array, batch: number, time: number) => {
  let [tokens, sequences] = [0, 0];
  for (let row = 0; row < batch; row++) {
    let length = 0;
    for (let at = row * time; at < (row + 1) * time; at++) if (mask[at]! > 0) length += 1;
    tokens += length;
    if (length > 0) sequences += 1;
  }
  return { tokens, sequences };
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
  const { batch, time, logProbs, oldLogProbs = logProbs, samplerLogProbs = oldLogProbs } = arrays;
  const { referenceLogProbs, entropy, advantages } = arrays;
  const mask = arrays.mask ? new Float32Array(arrays.mask) : new Float32Array(batch * time).fill(1);
  const counts = arrays.mask ? countsOf(mask, batch, time) : { tokens: batch * time, sequences: time > 0 ? batch : 0 };
  const fields = { logProbs, oldLogProbs, samplerLogProbs, referenceLogProbs, entropy, advantages, mask };
  const matrices = Object.entries(fields).flatMap(([name, values]): readonly [string, Tensor][] =>
    values && Object.hasOwn(read, name)
      ? [[name, tensor("float32", [batch, time], values === mask ? mask : spread(values, batch, time))]]
      : [],
  );
  const scalars = { tokens: arrays.tokens ?? counts.tokens, sequences: arrays.sequences ?? counts.sequences };
  const numbers = Object.entries(scalars).flatMap(([name, value]): readonly [string, Tensor][] =>
    Object.hasOwn(read, name) ? [[name, float32([], [value])]] : [],
  );
  return E.right(Object.fromEntries([...matrices, ...numbers]));
};
