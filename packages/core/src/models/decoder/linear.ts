import type { Expr } from "../../graph/index.js";
import { add, matmul } from "../../graph/index.js";
import { adapterName } from "../lora/adapterParameters.js";
import { dropped } from "../lora/dropout.js";
import type { DecoderConfig } from "./config.js";
import { fewRowsProduct } from "./fewRows.js";
import { type Weights, weight } from "./weights.js";

/**
 * x W^T, with W [out, in] as Hugging Face's linear layers keep it; plus the layer's bias and plus x A^T B^T where there
 * are any. B comes scaled (see `parameterInputs`).
 *
 * (Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021, https://arxiv.org/abs/2106.09685)
 */
export const linear = (config: DecoderConfig, weights: Weights, module: string, x: Expr): Expr => {
  const name = `${module}.weight`;
  const w = weight(weights, name);
  const product = config.fewRows ? fewRowsProduct(x, w, name) : matmul(x, w, { transB: true }, name);
  const bias = weights[`${module}.bias`];
  const [a, b] = [weights[adapterName(module, "A")], weights[adapterName(module, "B")]];
  const own = bias ? add(product, bias) : product;
  if (!a || !b) return own;
  const inner = matmul(dropped(config, weights, module, x), a, { transB: true });
  return add(own, matmul(inner, b, { transB: true }));
};
