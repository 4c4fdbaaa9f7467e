import type { DataOf, DType, Tensor } from "../tensor.js";
import { sizeOf, tensor } from "../tensor.js";
import type { Dim, TensorType } from "./expr.js";
import { onnxTypes } from "./ops/select.js";
import type { DimensionProto, TensorProto, ValueInfoProto } from "./proto.js";

const dtypes = new Map<number, DType>(Object.entries(onnxTypes).map(([dtype, type]) => [type, dtype as DType]));

const views: { readonly [D in DType]: (buffer: ArrayBuffer) => DataOf[D] } = {
  float32: (buffer) => new Float32Array(buffer),
  float64: (buffer) => new Float64Array(buffer),
  int32: (buffer) => new Int32Array(buffer),
  int64: (buffer) => new BigInt64Array(buffer),
  bool: (buffer) => new Uint8Array(buffer),
  float16: (buffer) => new Uint16Array(buffer),
  bfloat16: (buffer) => new Uint16Array(buffer),
};

/** A host tensor as ONNX keeps it; the data is a view of the tensor's. */
export const toTensorProto = ({ dtype, shape, data }: Tensor, name?: string): TensorProto => ({
  ...(name !== undefined && { name }),
  dims: shape,
  dataType: onnxTypes[dtype],
  rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

/** The host tensor that `toTensorProto` wrote (the data copied), or what is unknown about this one. */
export const fromTensorProto = (proto: TensorProto): Tensor | string => {
  const dtype = dtypes.get(proto.dataType ?? 0);
  const shape = proto.dims ?? [];
  if (!dtype) return `element type ${proto.dataType} of a tensor`;
  if (proto.dataLocation === 1) return "tensor data in another file";
  const bytes = proto.rawData ?? new Uint8Array();
  const data = views[dtype](new Uint8Array(bytes).buffer as ArrayBuffer);
  return data.length === sizeOf(shape)
    ? tensor(dtype, shape, data)
    : `a tensor [${shape}] with ${bytes.length} bytes of raw data`;
};

const toDimension = (dim: Dim): DimensionProto => (typeof dim === "number" ? { dimValue: dim } : { dimParam: dim });

/** A named value with its type. */
export const toValueInfo = (name: string, { dtype, shape }: TensorType): ValueInfoProto => ({
  name,
  type: { tensorType: { elemType: onnxTypes[dtype], shape: { dim: shape.map(toDimension) } } },
});

/** The type of a named value, or what is unknown about it. */
export const fromValueInfo = ({ name, type }: ValueInfoProto): TensorType | string => {
  const dtype = dtypes.get(type?.tensorType?.elemType ?? 0);
  const dims = type?.tensorType?.shape;
  if (!dtype || !dims) return `the type of "${name}"`;
  const shape = (dims.dim ?? []).map(({ dimValue, dimParam }) => dimValue ?? dimParam);
  return shape.every((dim) => dim !== undefined) ? { dtype, shape } : `a dimension of "${name}"`;
};
