import type { Expr } from "../graph/expr.js";
import { add, div, less, min, mul, sub } from "../graph/ops/elementwise.js";
import { expandLike, reshape, shapeOf, slice } from "../graph/ops/layout.js";
import { loop } from "../graph/ops/loop.js";
import { scalar } from "../graph/ops/op.js";
import { cumSum, gather, iota } from "../graph/ops/select.js";

/** Some of the rows that all tables of a computation have. */
export interface RowChunk {
  /** The chunk's rows of a table: [N, ..] to [C, ..]. The last chunk repeats the last row to be full. */
  readonly of: (table: Expr) => Expr;
  /** [C, 1] bool: false where a row is such a repetition; absent if there is none. */
  readonly counts?: Expr;
}

/** What a chunk gives: a row for each of its rows, and sums over all rows so far. */
export interface ChunkResult {
  readonly rows: readonly Expr[];
  readonly sums: readonly Expr[];
}

/** The first rows of a table, as many as `column` [N, 1] has. */
const firstRows = (table: Expr, column: Expr, size: number): Expr => {
  const rows = column.shape[0];
  if (typeof rows === "number") return rows % size === 0 ? table : slice(table, 0, 0, rows);
  const ones = expandLike(scalar(1, "int64"), reshape(column, [-1]));
  return gather(table, sub(cumSum(ones, 0), 1));
};

/**
 * Computes row by row in chunks of at most `size` rows, one after another, so that what a chunk makes is gone before the
 * next begins: a `Loop`, unless the rows are known to fit into one chunk.
 *
 * `column` [N, 1] tells how many rows there are. Rows of results come back whole, [N, ..]; sums go from chunk to chunk.
 *
 * @example
 * import { exp, input, slice } from "@msrl/core/graph";
 * import { inRowChunks } from "@msrl/core/losses";
 * const table = input("table", "float32", ["rows", 4]);
 * const { rows } = inRowChunks(slice(table, 1, 0, 1), 2, (chunk) => ({ rows: [exp(chunk.of(table))], sums: [] }));
 * assert.deepStrictEqual(rows[0]?.shape, ["rows", 4]);
 * @since 0.1.0
 */
export const inRowChunks = (
  column: Expr,
  size: number,
  body: (chunk: RowChunk, sums: readonly Expr[]) => ChunkResult,
  zeros: readonly Expr[] = [],
): ChunkResult => {
  const rows = column.shape[0];
  if (typeof rows === "number" && rows <= size) return body({ of: (table) => table }, zeros);
  const count = gather(shapeOf(column), scalar(0, "int64"));
  const carried = zeros.map((initial) => ({ initial, shape: initial.shape }));
  const turns = loop(div(add(count, size - 1), size), carried, (turn, sums) => {
    const own = add(mul(turn, size), iota(size, "int64")); // [C]
    const at = min(own, sub(count, 1));
    const full = typeof rows === "number" && rows % size === 0;
    const chunk = {
      of: (table: Expr) => gather(table, at),
      ...(!full && { counts: reshape(less(own, count), [-1, 1]) }),
    };
    const result = body(chunk, sums);
    return { proceed: scalar(1, "bool"), carried: result.sums, kept: result.rows };
  });
  const flat = turns.kept.map((kept) => reshape(kept, [-1, ...(kept.shape.slice(2) as number[])]));
  return { rows: flat.map((table) => firstRows(table, column, size)), sums: turns.carried };
};
