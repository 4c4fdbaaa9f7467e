import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Compiler } from "../graph/compiler.js";
import { evaluator } from "../graph/evaluator.js";
import type { Expr } from "../graph/expr.js";
import { grad } from "../graph/grad.js";
import { add, mul } from "../graph/ops/elementwise.js";
import { reduceSum } from "../graph/ops/reduce.js";
import { cast } from "../graph/ops/select.js";
import type { PlainArray } from "../graph/plainArray.js";
import type { GraphError } from "../graph/problems.js";
import type { Tensors } from "../tensor.js";
import { hiddenStatistics } from "./hiddenStatistics.js";
import { logitStatistics } from "./logitStatistics.js";
import type { StatisticsArrays, StatisticsSizes, TokenStatistics, TokenStatisticsOptions } from "./statisticsArrays.js";
import type { Statistics, StatisticsOptions } from "./statisticsOptions.js";

type Exprs = Readonly<Record<string, Expr>>;

type Run<Failure> = (
  arrays: StatisticsArrays,
  sizes: StatisticsSizes,
) => TE.TaskEither<Failure | GraphError, TokenStatistics>;

/** Logits that the host hands over at a time: enough to be worth a call, few enough for the caches of a core. */
const logitsPerRun = 2 ** 19;

/** Rows of a run: an even number, for two threads. */
const rowsPerRun = (vocabulary: number): number => 2 * Math.max(1, Math.round(logitsPerRun / vocabulary / 2));

/** Statistics and, where something comes from upstream, gradients by the inputs named. */
const outputsOf = ({ logProbs, entropy, top }: Statistics, inputs: Exprs, by: readonly string[]): Exprs => {
  const { upLogProbs, upEntropy } = inputs;
  const terms = [
    ...(upLogProbs ? [reduceSum(mul(logProbs, upLogProbs))] : []),
    ...(upEntropy && entropy ? [reduceSum(mul(entropy, upEntropy))] : []),
  ];
  const wrt = by.map((name) => inputs[name]!);
  const gradients =
    terms.length > 0
      ? grad(
          terms.reduce((sum, term) => add(sum, term)),
          wrt,
        )
      : [];
  return {
    "of.logProbs": logProbs,
    ...(entropy && { "of.entropy": entropy }),
    ...(top && { "of.topLogProbs": top.logProbs, "of.topIds": cast(top.ids, "int32") }),
    ...Object.fromEntries(gradients.map((gradient, at) => [`of.gradient.${by[at]}`, gradient])),
  };
};

/** What stands beside each row `from` to `to`. */
const beside = (
  { targets, mask, upstream }: StatisticsArrays,
  from: number,
  to: number,
): Record<string, PlainArray> => {
  const part = <Data extends Float32Array | Int32Array>(
    make: { from(values: ArrayLike<number>): Data },
    values: ArrayLike<number>,
  ): Data => make.from(Array.prototype.slice.call(values, from, to) as number[]);
  return {
    targets: { data: part(Int32Array, targets) },
    ...(mask && { mask: { data: part(Float32Array, mask) } }),
    ...(upstream?.logProbs && { upLogProbs: { data: part(Float32Array, upstream.logProbs) } }),
    ...(upstream?.entropy && { upEntropy: { data: part(Float32Array, upstream.entropy) } }),
  };
};

/** Puts the outputs of a run for the rows from `row` on where they belong among those of `rows`. */
const collect = (
  into: Record<string, Float32Array | Int32Array>,
  outputs: Tensors,
  row: number,
  rows: number,
): void => {
  for (const [name, { shape, data }] of Object.entries(outputs)) {
    const wide = shape.slice(1).reduce((product, dim) => product * dim, 1);
    const values = data as Float32Array | Int32Array;
    into[name] ??= values instanceof Int32Array ? new Int32Array(rows * wide) : new Float32Array(rows * wide);
    into[name].set(values, row * wide);
  }
};

const resultOf = (found: Readonly<Record<string, Float32Array | Int32Array>>): TokenStatistics => {
  const floats = (name: string) => found[`of.${name}`] as Float32Array | undefined;
  const [entropy, topLogProbs] = [floats("entropy"), floats("topLogProbs")];
  const gradients = ["logits", "states", "head"].flatMap((name) => {
    const gradient = floats(`gradient.${name}`);
    return gradient ? [[name, gradient] as const] : [];
  });
  return {
    logProbs: floats("logProbs")!,
    ...(entropy && { entropy }),
    ...(topLogProbs && { top: { logProbs: topLogProbs, ids: found["of.topIds"] as Int32Array } }),
    ...(gradients.length > 0 && { gradient: Object.fromEntries(gradients) }),
  };
};

/** The statistics of no tokens. */
const none = ({ entropy, topK }: StatisticsOptions): TokenStatistics => ({
  logProbs: new Float32Array(),
  ...(entropy && { entropy: new Float32Array() }),
  ...(topK > 0 && { top: { logProbs: new Float32Array(), ids: new Int32Array() } }),
});

/** Statistics from logits, a view of some rows after another: nothing of their size is copied or made but a gradient. */
export const logitRun = <Failure>(settings: TokenStatisticsOptions, device: Compiler<Failure>): Run<Failure> => {
  const { headGradient, rowsPerChunk, ...options } = settings;
  const statistics = logitStatistics(options);
  const run = evaluator(device, "statistics of logits", (inputs) =>
    outputsOf(statistics(inputs.logits!, inputs.targets!, inputs.mask), inputs, ["logits"]),
  );
  return (arrays, { rows, vocabulary }) => {
    if (rows === 0) return TE.right(none(options));
    const size = rowsPerChunk ?? rowsPerRun(vocabulary);
    const starts = Array.from({ length: Math.ceil(rows / size) }, (_, at) => at * size);
    const found: Record<string, Float32Array | Int32Array> = {};
    return pipe(
      starts,
      TE.traverseSeqArray((from) => {
        const to = Math.min(rows, from + size);
        const logits = arrays.logits!.subarray(from * vocabulary, to * vocabulary);
        return pipe(
          run({ logits: { shape: [to - from, vocabulary], data: logits }, ...beside(arrays, from, to) }),
          TE.map((outputs) => collect(found, outputs, from, rows)),
        );
      }),
      TE.map(() => resultOf(found)),
    );
  };
};

/** Statistics from hidden states and the head, in one run; a gradient by the states alone is made with the values. */
export const hiddenRun = <Failure>(settings: TokenStatisticsOptions, device: Compiler<Failure>): Run<Failure> => {
  const { headGradient, ...options } = settings;
  const run = evaluator(device, "statistics of hidden states", (inputs) => {
    const fused = inputs.upLogProbs && !inputs.upEntropy && !headGradient;
    const statistics = hiddenStatistics({ ...options, gradient: fused ? "fused" : "recompute" });
    const by = headGradient ? ["states", "head"] : ["states"];
    return outputsOf(
      statistics({ states: inputs.states!, head: inputs.head! }, inputs.targets!, inputs.mask),
      inputs,
      by,
    );
  });
  return (arrays, { rows, vocabulary, width }) => {
    if (rows === 0) return TE.right(none(options));
    const sources = {
      states: { shape: [rows, width], data: arrays.states! },
      head: { shape: [vocabulary, width], data: arrays.head! },
    };
    return pipe(
      run({ ...sources, ...beside(arrays, 0, rows) }),
      TE.map((outputs) =>
        resultOf(
          Object.fromEntries(
            Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array | Int32Array]),
          ),
        ),
      ),
    );
  };
};
