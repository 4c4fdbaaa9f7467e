import type { Expr } from "../../graph/index.js";
import { add, concat, constant, matmul, reshape, slice, softmax, split, transpose } from "../../graph/index.js";
import { tensor } from "../../tensor.js";
import type { DecoderConfig } from "./config.js";

/** Added to a score that must not count: exp of it is 0 in float32. */
export const masked = -1e9;

/** Sizes of a graph: prompts of up to `prefix` tokens, each with G completions of `steps` tokens; any number P of them. */
export interface GroupShape {
  readonly samples: number;
  readonly prefix: number;
  readonly steps: number;
}

/** Keys and values of the prompts, shared by the G completions of each: [P, kvHeads, prefix, size]. */
export interface PrefixCache {
  readonly keys: Expr;
  readonly values: Expr;
}

const repeats = ({ heads, keyValueHeads }: DecoderConfig): number => heads / keyValueHeads;

/**
 * 0 where row (query) sees column (key), a large negative number after it: [repeats * size, size], the rows of the heads
 * that share keys one after another.
 */
export const causalMask = (config: DecoderConfig, size: number): Expr => {
  const rows = repeats(config) * size;
  const values = new Float32Array(rows * size);
  for (let row = 0; row < rows; row++) values.fill(masked, row * size + (row % size) + 1, (row + 1) * size);
  return constant(tensor("float32", [rows, size], values), "causal_mask");
};

/** Keys or values [P, prefix, kvHeads * size] as [P, kvHeads, prefix, size]. */
export const prefixHeads = (config: DecoderConfig, { prefix }: GroupShape, x: Expr): Expr =>
  transpose(reshape(x, [0, prefix, config.keyValueHeads, config.headSize]), [0, 2, 1, 3]);

/** Keys or values [P, G * steps, kvHeads * size] as [P, kvHeads, G, steps, size]. */
export const ownHeads = (config: DecoderConfig, { samples, steps }: GroupShape, x: Expr): Expr =>
  transpose(reshape(x, [0, samples, steps, config.keyValueHeads, config.headSize]), [0, 3, 1, 2, 4]);

/**
 * Prompts attending to themselves: queries [P, prefix, heads * size] to mixed values of the same shape. The mask is
 * `causalMask` of the prefix, made once for all layers.
 */
export const prefixAttention = (
  config: DecoderConfig,
  { prefix }: GroupShape,
  query: Expr,
  { keys, values }: PrefixCache,
  mask: Expr,
): Expr => {
  const { heads, keyValueHeads, headSize } = config;
  const group = repeats(config);
  const byHead = transpose(reshape(query, [0, prefix, keyValueHeads, group, headSize]), [0, 2, 3, 1, 4]);
  const q = reshape(byHead, [0, keyValueHeads, group * prefix, headSize]);
  const scores = matmul(q, keys, { transB: true, alpha: headSize ** -0.5 });
  const weights = softmax(add(scores, mask));
  const mixed = reshape(matmul(weights, values), [0, keyValueHeads, group, prefix, headSize]);
  return reshape(transpose(mixed, [0, 3, 1, 2, 4]), [0, prefix, heads * headSize]);
};

/** What completions attend to: their prompt's cache (masked [P, prefix]) and their own tokens. */
export interface CompletionContext {
  readonly prefix: PrefixCache;
  /** [P, 1, 1, prefix]: 0 where the prompt has a token, else {@link masked}. */
  readonly prefixMask: Expr;
  /** [P, kvHeads, G, ownSteps, size]. */
  readonly ownKeys: Expr;
  readonly ownValues: Expr;
  /** [repeats * steps, ownSteps], absent if a step sees all of its own tokens (decoding). */
  readonly ownMask?: Expr;
}

/**
 * Completions attending to their prompt and to themselves, with one softmax over both.
 *
 * Queries [P, G * steps, heads * size] to mixed values of the same shape. The scores against a prompt are one product
 * [G * repeats * steps, size] x [size, prefix], so its keys are read once for all G completions.
 */
export const completionAttention = (
  config: DecoderConfig,
  { samples, prefix, steps }: GroupShape,
  query: Expr,
  context: CompletionContext,
): Expr => {
  const { heads, keyValueHeads, headSize } = config;
  const group = repeats(config);
  const rows = samples * group * steps;
  const scaled = { transB: true, alpha: headSize ** -0.5 };
  const byHead = transpose(reshape(query, [0, samples, steps, keyValueHeads, group, headSize]), [0, 3, 1, 4, 2, 5]);
  const together = (x: Expr, last: number): Expr => reshape(x, [0, keyValueHeads, rows, last]);
  const apart = (x: Expr, last: number): Expr => reshape(x, [0, keyValueHeads, samples, group * steps, last]);
  const onPrefix = add(matmul(together(byHead, headSize), context.prefix.keys, scaled), context.prefixMask);
  const unmasked = matmul(apart(byHead, headSize), context.ownKeys, scaled);
  const onOwn = context.ownMask ? add(unmasked, context.ownMask) : unmasked;
  const weights = softmax(concat([onPrefix, together(onOwn, -1)], -1));
  const [toPrefix, toOwn] = splitAt(weights, prefix, context.ownMask ? steps : undefined);
  const fromOwn = together(matmul(apart(toOwn, -1), context.ownValues), headSize);
  const mixed = add(matmul(toPrefix, context.prefix.values), fromOwn);
  const byToken = transpose(reshape(mixed, [0, keyValueHeads, samples, group, steps, headSize]), [0, 2, 4, 1, 3, 5]);
  return reshape(byToken, [0, samples * steps, heads * headSize]);
};

/** Splits the last axis behind the prompt; while decoding the own part grows, so it is what a slice leaves. */
const splitAt = (weights: Expr, prefix: number, own: number | undefined): readonly [Expr, Expr] => {
  if (own !== undefined) {
    const [left, right] = split(weights, [prefix, own], -1);
    return [left!, right!];
  }
  return [slice(weights, -1, 0, prefix), slice(weights, -1, prefix)];
};
