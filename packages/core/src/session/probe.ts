import * as E from "fp-ts/Either";
import { add } from "../graph/ops/elementwise.js";
import { input } from "../graph/ops/op.js";
import { toModel } from "../graph/toModel.js";

/** The smallest model worth compiling: what shows whether an execution provider is really there. */
export const probe = (): Uint8Array => {
  const x = input("x", "float32", [1]);
  const model = toModel({ name: "probe", outputs: { y: add(x, x) } });
  if (E.isLeft(model)) throw model.left;
  return model.right.bytes;
};
