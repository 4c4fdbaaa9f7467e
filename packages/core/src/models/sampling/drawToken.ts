import type { Expr } from "../../graph/index.js";
import {
  add,
  cast,
  clip,
  cumSum,
  gatherElements,
  iota,
  lessOrEqual,
  mul,
  reduceSum,
  reshape,
  slice,
  sub,
} from "../../graph/index.js";

/** Up to this vocabulary one cumulative sum goes over all tokens: ONNX Runtime's is slow, 1 ms for 400,000 numbers. */
export const wholeVocabulary = 4096;

/** The largest divisor of a count that is not above its root. */
const blocksOf = (count: number): number => {
  let blocks = Math.floor(Math.sqrt(count));
  while (count % blocks !== 0) blocks -= 1;
  return blocks;
};

const lastOf = (x: Expr): Expr => slice(x, -1, (x.shape.at(-1) as number) - 1);

/** How many of the cumulative sums [.., n] are not above a number [.., 1]. */
const countUpTo = (cumulative: Expr, number: Expr): Expr =>
  reduceSum(cast(lessOrEqual(cumulative, number), "int32"), [-1]);

const drawWhole = (probabilities: Expr, uniforms: Expr): Expr => {
  const cumulative = cumSum(probabilities, -1);
  return countUpTo(cumulative, mul(uniforms, lastOf(cumulative)));
};

/** The largest float32 below 1. */
const belowOne = 1 - 2 ** -24;

/**
 * First the block, by its sum; then the token in it, by what the blocks before it leave of the number. That rest is held
 * between 0 and below the block's sum, so that rounding ends at no token that cannot be.
 */
const drawInBlocks = (probabilities: Expr, uniforms: Expr, blocks: number): Expr => {
  const size = (probabilities.shape.at(-1) as number) / blocks;
  const outer = probabilities.shape.slice(0, -1).map(() => 0);
  const table = reshape(probabilities, [...outer, blocks, size]);
  const sums = reduceSum(table, [-1]);
  const cumulative = cumSum(sums, -1);
  const number = mul(uniforms, lastOf(cumulative));
  const block = reshape(countUpTo(cumulative, number), [...outer, 1]);
  const before = sub(gatherElements(cumulative, block, -1), gatherElements(sums, block, -1));
  const everywhere = add(reshape(block, [...outer, 1, 1]), mul(iota(size), 0));
  const within = cumSum(reshape(gatherElements(table, everywhere, -2), [...outer, size]), -1);
  const rest = clip(sub(number, before), 0, mul(lastOf(within), belowOne));
  return add(mul(reshape(block, outer), size), countUpTo(within, rest));
};

/**
 * The first token whose cumulative probability exceeds its uniform number: the inverse of the distribution function.
 *
 * Probabilities [.., vocabulary] and uniforms [.., 1] in [0, 1) to int32 tokens [..]. A uniform number is taken of the
 * sum that float32 really gives, which need not be 1: so no draw falls behind the last token that can be. A vocabulary
 * above `wholeUpTo` goes in about its root of blocks.
 */
export const drawToken = (probabilities: Expr, uniforms: Expr, wholeUpTo = wholeVocabulary): Expr => {
  const vocabulary = probabilities.shape.at(-1) as number;
  const blocks = vocabulary > wholeUpTo ? blocksOf(vocabulary) : 1;
  return blocks === 1 ? drawWhole(probabilities, uniforms) : drawInBlocks(probabilities, uniforms, blocks);
};
