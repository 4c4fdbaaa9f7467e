import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { PolicyError, TopLogProbs } from "../../policy/policy.js";
import type { Tensors } from "../../tensor.js";
import type { DecoderConfig } from "../decoder/config.js";
import { type BatchShape, batchInputs, completionStatistics, groupsRead } from "../decoder/forward.js";
import { parameterInputs } from "../decoder/parameters.js";
import { type GraphStore, graphKey } from "../kernels.js";
import { type EncodedGroup, packBatch, shapeFor } from "../prompts/pack.js";
import { groupsInScore } from "../prompts/runSizes.js";
import { type TopSettings, topTokens } from "./topTokens.js";

/** What scores given completions. */
export interface ScorerContext {
  readonly config: DecoderConfig;
  readonly graphs: GraphStore;
  readonly weights: Tensors;
  /** Completions in one run at most. */
  readonly rowsPerRun: number;
}

/** Log-probs of given completions as one graph. */
const scoreGraph = (config: DecoderConfig, shape: BatchShape) => {
  const inputs = batchInputs(config, shape);
  const { named } = parameterInputs(config, groupsRead(shape));
  return { log_probs: completionStatistics(config, named, shape, inputs, { entropy: false }).logProbs };
};

/** The likeliest next tokens of given completions as one graph. */
const topGraph = (config: DecoderConfig, shape: BatchShape, settings: TopSettings) => {
  const inputs = batchInputs(config, shape);
  const { named } = parameterInputs(config, groupsRead(shape));
  const { ids, logProbs } = topTokens(config, named, shape, inputs, settings);
  return { ids, log_probs: logProbs };
};

/** Cuts groups into runs, and reads of each run's outputs what is asked of a completion: its tokens stand from `first` on. */
const inRuns = <Result>(
  { config, weights, rowsPerRun }: ScorerContext,
  groups: readonly EncodedGroup[],
  topK: number,
  run: (shape: BatchShape) => (inputs: Tensors) => TE.TaskEither<PolicyError, Tensors>,
  read: (outputs: Tensors, first: number, tokens: number) => Result,
): TE.TaskEither<PolicyError, readonly (readonly Result[])[]> => {
  const whole = shapeFor(groups);
  const size = Math.max(1, Math.min(groupsInScore(config, whole, topK), Math.floor(rowsPerRun / whole.samples)));
  const chunks = Array.from({ length: Math.ceil(groups.length / size) }, (_, at) =>
    groups.slice(at * size, (at + 1) * size),
  );
  return pipe(
    chunks,
    TE.traverseSeqArray((chunk) => {
      const shape = shapeFor(chunk);
      return pipe(
        run(shape)({ ...weights, ...packBatch(config, shape, chunk) }),
        TE.map((outputs) =>
          chunk.map(({ completions }, row) =>
            completions.map((ids, sample) => read(outputs, (row * shape.samples + sample) * shape.steps, ids.length)),
          ),
        ),
      );
    }),
    TE.map((scored) => scored.flat()),
  );
};

/** Log-probs [completion][token] of each group's completions, at temperature 1. */
export const scoreCompletions = (
  context: ScorerContext,
  groups: readonly EncodedGroup[],
): TE.TaskEither<PolicyError, readonly (readonly Float32Array[])[]> => {
  const { config, graphs } = context;
  return inRuns(
    context,
    groups,
    0,
    (shape) => graphs([config], graphKey("score", { ...shape }), () => scoreGraph(config, shape)),
    (outputs, first, tokens) => (outputs.log_probs!.data as Float32Array).slice(first, first + tokens),
  );
};

/** The likeliest next tokens at each token of each group's completions. */
export const topOfCompletions = (
  context: ScorerContext,
  groups: readonly EncodedGroup[],
  settings: TopSettings,
): TE.TaskEither<PolicyError, readonly (readonly TopLogProbs[])[]> => {
  const { config, graphs } = context;
  const count = settings.topK;
  return inRuns(
    context,
    groups,
    count,
    (shape) => graphs([config], graphKey("top", { ...shape, ...settings }), () => topGraph(config, shape, settings)),
    (outputs, first, tokens) => {
      const [from, to] = [first * count, (first + tokens) * count];
      return {
        count,
        ids: (outputs.ids!.data as Int32Array).slice(from, to),
        logProbs: (outputs.log_probs!.data as Float32Array).slice(from, to),
      };
    },
  );
};
