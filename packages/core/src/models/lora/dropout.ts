import type { Expr } from "../../graph/index.js";
import { greaterOrEqual, input, mul, scalar, slice, split, where } from "../../graph/index.js";
import { bits, fold, type Key } from "../../rng.js";
import { type Tensors, tensor } from "../../tensor.js";
import type { GroupShape } from "../decoder/attention.js";
import type { Adapter, DecoderConfig } from "../decoder/config.js";
import type { Weights } from "../decoder/weights.js";
import { linearModules } from "./adapterParameters.js";

const rowsName = "dropout_rows";
const columnsName = "dropout_columns";

/** Tokens in a row of a packed batch. */
const tokensOf = ({ prefix, samples, steps }: GroupShape): number => prefix + samples * steps;

const widths = (config: DecoderConfig, { modules }: Adapter): readonly number[] => {
  const layers = linearModules(config);
  return modules.map((module) => layers.get(module)![1]);
};

/** The words of a key, all odd: a product with an odd word is a permutation of the odd words. */
const oddWords = (from: Key, count: number): Int32Array => Int32Array.from(bits(from, count), (word) => word | 1);

/**
 * The random words of one run's dropout, made by the counter-based generator: one a token, and one an input of each
 * adapted layer. The same key gives the same masks; nothing where the adapter drops nothing.
 */
export const dropoutInputs = (config: DecoderConfig, shape: GroupShape, prompts: number, step: Key): Tensors => {
  const { adapter } = config;
  if (!adapter?.dropout) return {};
  const tokens = tokensOf(shape);
  const columns = widths(config, adapter).reduce((sum, width) => sum + width, 0);
  return {
    [rowsName]: tensor("int32", [prompts, tokens, 1], oddWords(fold(step, "rows"), prompts * tokens)),
    [columnsName]: tensor("int32", [columns], oddWords(fold(step, "columns"), columns)),
  };
};

/** Weights with the random words of dropout beside them, for the graph of an update; as they are if nothing is dropped. */
export const withDropout = (config: DecoderConfig, shape: GroupShape, weights: Weights): Weights => {
  const { adapter } = config;
  if (!adapter?.dropout) return weights;
  const sizes = widths(config, adapter);
  const rows = input(rowsName, "int32", ["prompts", tokensOf(shape), 1]);
  const columns = split(input(columnsName, "int32", [sizes.reduce((a, b) => a + b, 0)]), sizes, 0);
  return {
    ...weights,
    [rowsName]: rows,
    ...Object.fromEntries(adapter.modules.map((module, at) => [`${columnsName} ${module}`, columns[at]!])),
  };
};

/** The words below which a share of all words lies, as an int32. */
const threshold = (share: number): number => Math.min(2 ** 31 - 1, Math.round(share * 2 ** 32 - 2 ** 31));

/**
 * The input of an adapter with a share of its elements set to zero, the others scaled up by 1 / (1 - share).
 *
 * An element is kept where the product of its token's word and its column's word, modulo 2^32, is above a threshold:
 * uniform, and independent of every other element taken alone (between two elements, not among four).
 */
export const dropped = (config: DecoderConfig, weights: Weights, module: string, x: Expr): Expr => {
  const columns = weights[`${columnsName} ${module}`];
  const rows = weights[rowsName];
  const share = config.adapter?.dropout;
  if (!columns || !rows || !share) return x;
  const own = x.shape[1] === rows.shape[1] ? rows : slice(rows, 1, (rows.shape[1] as number) - (x.shape[1] as number));
  const kept = greaterOrEqual(mul(own, columns), scalar(threshold(share), "int32"));
  return where(kept, mul(x, 1 / (1 - share)), 0);
};
