export type { Compiler } from "./compiler.js";
export { type OffCuda, offCuda } from "./cudaOperators.js";
export { customGradient, type Pullback } from "./customGradient.js";
export { type DrawOptions, draw } from "./draw.js";
export { type ExplainOptions, explain } from "./explain.js";
export type {
  Attribute,
  Attributes,
  Contribution,
  Dim,
  Expr,
  Node,
  OwnGradient,
  Shape,
  Subgraph,
  TensorType,
} from "./expr.js";
export { fromModel, type ModelFormatError, type ReadModel } from "./fromModel.js";
export { grad } from "./grad.js";
export type { LossResult } from "./lossParts.js";
export { type MixedPrecisionOptions, mixedPrecision } from "./mixedPrecision.js";
export type { InputTypes } from "./modelInputs.js";
export * from "./ops/elementwise.js";
export * from "./ops/layout.js";
export { type Carried, loop, type Turn } from "./ops/loop.js";
export * from "./ops/matmul.js";
export * from "./ops/normalize.js";
export { constant, input, int64s, outputOf, scalar } from "./ops/op.js";
export * from "./ops/reduce.js";
export * from "./ops/select.js";
export { order } from "./order.js";
export type { PlainArray } from "./plainArray.js";
export type { ComputeType } from "./precisionPolicy.js";
export type { GraphError, GraphProblem } from "./problems.js";
export { rematerialise } from "./rematerialise.js";
export { type ModelSaveError, saveModel, saveModelTask } from "./save.js";
export { type ScanOptions, scan } from "./scan.js";
export type { ScanBody } from "./scanBack.js";
export { share } from "./share.js";
export { type Model, type ToModelOptions, toModel } from "./toModel.js";
export { value, valueTask } from "./value.js";
export { type ValueAndGradient, valueAndGrad, valueAndGradTask } from "./valueAndGrad.js";
export { valueAndGradModel } from "./valueAndGradModel.js";
export { valueModel } from "./valueModel.js";
