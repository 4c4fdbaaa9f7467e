import type { Loss } from "../losses/loss.js";
import { batchProblem } from "../models/prompts/checkGroups.js";
import { type BatchCounts, countBatch } from "../models/training/trainingArrays.js";
import type { Optimizer } from "../optim/optimizer.js";
import type { TrainingBatch } from "../policy/policy.js";
import { engineFailed, engineKind } from "./attempt.js";
import { engineUpdate } from "./engineUpdate.js";
import type { ModelRecord } from "./modelRecords.js";
import type { Context } from "./policyContext.js";
import { knownFacts, updateProblem } from "./policyParts.js";
import type { TinkerState, TrainedState } from "./tinkerState.js";
import { type UpdateRow, updateRows } from "./updateRows.js";

/** The step itself, of a model that nobody else changes meanwhile. */
const step = async (
  { options, client, facts: ask, kernels }: Context,
  record: ModelRecord,
  { updates }: TrainedState,
  rows: readonly UpdateRow[],
  counts: BatchCounts,
  loss: Loss,
  optimizer: Optimizer,
) => {
  if (rows.length === 0) throw engineFailed(options.name, "an update of no token asked for, one at least wanted");
  const facts = await ask();
  const adam = await kernels.adamAt(optimizer, facts, updates);
  const doubt = (doubtful: boolean): void => {
    record.doubtful = doubtful;
  };
  const context = {
    client,
    facts,
    model: record.model,
    step: record.step,
    gradientOf: kernels.gradientOf(loss),
    doubt,
  };
  const metrics = await engineUpdate(context, rows, counts, loss, adam);
  record.step += 1;
  return metrics;
};

/** One optimizer step. */
export const update = async (
  context: Context,
  state: TinkerState,
  batch: TrainingBatch,
  loss: Loss,
  optimizer: Optimizer,
) => {
  const { options, records } = context;
  const { name } = options;
  const problem = updateProblem(name, knownFacts(options), loss, optimizer) ?? batchProblem(name, batch, loss);
  if (problem) throw problem;
  const record = records.of(state);
  const trained = state as TrainedState;
  const prompts = batch.map(({ prompt, completions }) =>
    context.encode(prompt, Math.max(0, ...completions.map(({ tokenIds }) => tokenIds.length))),
  );
  record.busy = true;
  try {
    const rows = updateRows(batch, prompts);
    const metrics = await step(context, record, trained, rows, countBatch(batch), loss, optimizer);
    return { state: { ...trained, step: record.step, updates: trained.updates + 1 }, metrics };
  } catch (cause) {
    const kind = engineKind(cause);
    if (!record.doubtful || kind === undefined) throw cause;
    const safe = "the update may be half made: go on from the last checkpoint, which applies nothing twice";
    throw engineFailed(name, `${(cause as Error).message.split("; ")[0]}; ${safe}`, kind);
  } finally {
    record.busy = false;
  }
};
