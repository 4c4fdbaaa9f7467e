import type { Shape, TensorType } from "./expr.js";
import { input } from "./ops/op.js";
import type { Named } from "./plainArray.js";

/** Types of a function's inputs: a shape alone is float32; dims that are names fit any number. */
export type InputTypes<Inputs> = { readonly [Name in keyof Inputs]: Shape | TensorType };

const typeOf = (given: Shape | TensorType): TensorType =>
  "dtype" in given ? given : { dtype: "float32", shape: given };

/** The inputs of a model by these names. */
export const modelInputs = <Inputs extends Named<Inputs>>(types: InputTypes<Inputs>): Inputs =>
  Object.fromEntries(
    Object.entries<Shape | TensorType>(types).map(([name, given]) => {
      const { dtype, shape } = typeOf(given);
      return [name, input(name, dtype, shape)];
    }),
  ) as unknown as Inputs;
