import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { PolicyError } from "../policy/policy.js";
import type { Tensors } from "../tensor.js";
import type { DecoderConfig } from "./config.js";
import { type BatchShape, batchInputs, completionStatistics, groupsRead } from "./forward.js";
import { type GraphStore, graphKey } from "./kernels.js";
import { type EncodedGroup, packBatch, shapeFor } from "./pack.js";
import { parameterInputs } from "./parameters.js";
import { groupsInScore } from "./runSizes.js";

/** Log-probs of given completions as one graph. */
const scoreGraph = (config: DecoderConfig, shape: BatchShape) => {
  const inputs = batchInputs(config, shape);
  const { named } = parameterInputs(config, groupsRead(shape));
  return { log_probs: completionStatistics(config, named, shape, inputs, { entropy: false }).logProbs };
};

/** Log-probs [completion][token] of each group's completions, at temperature 1; `rowsPerRun` completions at most a run. */
export const scoreCompletions = (
  config: DecoderConfig,
  graphs: GraphStore,
  weights: Tensors,
  groups: readonly EncodedGroup[],
  rowsPerRun: number,
): TE.TaskEither<PolicyError, readonly (readonly Float32Array[])[]> => {
  const whole = shapeFor(groups);
  const size = Math.max(1, Math.min(groupsInScore(config, whole), Math.floor(rowsPerRun / whole.samples)));
  const chunks = Array.from({ length: Math.ceil(groups.length / size) }, (_, at) =>
    groups.slice(at * size, (at + 1) * size),
  );
  return pipe(
    chunks,
    TE.traverseSeqArray((chunk) => {
      const shape = shapeFor(chunk);
      const run = graphs([config], graphKey("score", { ...shape }), () => scoreGraph(config, shape));
      return pipe(
        run({ ...weights, ...packBatch(config, shape, chunk) }),
        TE.map((outputs) => {
          const values = outputs.log_probs!.data as Float32Array;
          return chunk.map(({ completions }, row) =>
            completions.map((ids, sample) => {
              const first = (row * shape.samples + sample) * shape.steps;
              return values.slice(first, first + ids.length);
            }),
          );
        }),
      );
    }),
    TE.map((scored) => scored.flat()),
  );
};
