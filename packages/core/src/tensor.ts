/**
 * Typed array behind each element type; booleans are bytes 0 and 1, as ONNX Runtime keeps them, floats of 16 bits are their
 * bits (JavaScript has had an array for float16 since Node 24 alone, for bfloat16 it has none).
 */
export interface DataOf {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  int64: BigInt64Array;
  bool: Uint8Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
}

/** Element types of host tensors and of graph expressions. */
export type DType = keyof DataOf;

/** A dense, row-major array on the host; a value: nobody writes into `data` after it was made. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: DataOf[D];
}

/** Named tensors: weights, optimizer state, the inputs and the outputs of a kernel. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Number of elements of a shape; the empty shape is a scalar and has one. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/**
 * A host tensor over an existing typed array (not copied).
 *
 * @throws RangeError if the array's length is not the product of the shape: a bug of the caller, not bad input.
 * @example
 * import { tensor } from "@msrl/core";
 * assert.deepStrictEqual(tensor("float32", [1, 2], new Float32Array([3, 4])).shape, [1, 2]);
 * @since 0.1.0
 */
export const tensor = <D extends DType>(dtype: D, shape: readonly number[], data: DataOf[D]): Tensor<D> => {
  if (sizeOf(shape) !== data.length)
    throw new RangeError(`a tensor [${shape}] holds ${sizeOf(shape)} elements, the array given has ${data.length}`);
  return { dtype, shape, data };
};

/** A float32 tensor from plain numbers. */
export const float32 = (shape: readonly number[], values: ArrayLike<number>): Tensor<"float32"> =>
  tensor("float32", shape, Float32Array.from(values));

/** An int32 tensor from plain numbers. */
export const int32 = (shape: readonly number[], values: ArrayLike<number>): Tensor<"int32"> =>
  tensor("int32", shape, Int32Array.from(values));

/** A tensor of zeros. */
export const zeros = <D extends DType>(dtype: D, shape: readonly number[]): Tensor<D> => {
  const size = sizeOf(shape);
  const make: { [K in DType]: () => DataOf[K] } = {
    float32: () => new Float32Array(size),
    float64: () => new Float64Array(size),
    int32: () => new Int32Array(size),
    int64: () => new BigInt64Array(size),
    bool: () => new Uint8Array(size),
    float16: () => new Uint16Array(size),
    bfloat16: () => new Uint16Array(size),
  };
  return { dtype, shape, data: make[dtype]() };
};
