import type { Expr } from "../../graph/index.js";
import { matmul, reshape, transpose } from "../../graph/index.js";

/**
 * x W^T as (W x^T)^T, with x [P, G, in] and W [out, in].
 *
 * ONNX Runtime copies the right factor of a product into tiles and reads the left one as it lies in memory. For a few rows
 * the copy of W is most of the work: 8 rows take half the time this way, and 64 the same.
 */
export const fewRowsProduct = (x: Expr, w: Expr, label: string): Expr => {
  const [, samples, inner] = x.shape as readonly [unknown, number, number];
  const product = matmul(w, reshape(x, [-1, inner]), { transB: true }, label);
  return reshape(transpose(product, [1, 0]), [-1, samples, w.shape[0] as number]);
};
