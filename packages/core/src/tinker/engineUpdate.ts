import { tagged, toPromise } from "../errors.js";
import type { Loss } from "../losses/loss.js";
import type { TokenArrays } from "../losses/tokenArrays.js";
import type { TokenGradient } from "../losses/tokenGradient.js";
import type { BatchCounts } from "../models/training/trainingArrays.js";
import type { PolicyError } from "../policy/policy.js";
import { engineKind } from "./attempt.js";
import { builtInLoss } from "./builtInLoss.js";
import type { EngineAdam, EngineDatum, EngineLoss, EngineModel, EngineOutput, TinkerClient } from "./client.js";
import { datumOf, type EngineRow, lengthOf, ofCompletion } from "./engineData.js";
import type { EngineFacts } from "./engineFacts.js";
import { builtInData, crossEntropyData, gradientData } from "./updateData.js";
import { arraysOf, rowsOf, type UpdateRow } from "./updateRows.js";

/** What an update is made with. */
export interface UpdateContext {
  readonly client: TinkerClient;
  readonly facts: EngineFacts;
  readonly model: EngineModel;
  /** Steps of the model before this one. */
  readonly step: number;
  /** Value and gradient of the loss over arrays. */
  readonly gradientOf: (arrays: TokenArrays) => Promise<TokenGradient>;
  /** Told when the model's gradient or weights may be other than its state says, and when they are known again. */
  readonly doubt: (doubtful: boolean) => void;
}

type Metrics = Readonly<Record<string, number>>;

/** Log-probs of completions under a model, one array a row. */
export const forwardRows = async (
  client: TinkerClient,
  model: EngineModel,
  rows: readonly EngineRow[],
): Promise<readonly Float32Array[]> => {
  if (rows.length === 0) return [];
  const data = rows.map((row) => datumOf(row, { weights: new Float32Array(lengthOf(row)) }));
  const { logProbs } = await toPromise(client.forward(model, data));
  return rows.map((row, index) => ofCompletion(row, logProbs[index]!));
};

const notFinite = (step: number, tensor: string, safe: string): PolicyError =>
  tagged("NotFinite", `update ${step + 1}: ${tensor} is not a finite number; ${safe}`, { step: step + 1, tensor });

const unchanged = "nothing was sent, the engine's weights are as they were before it";

/** The loss's value and gradient, refused before anything is sent where they are not finite. */
const checkedGradient = async ({ gradientOf, step }: UpdateContext, arrays: TokenArrays): Promise<TokenGradient> => {
  const found = await gradientOf(arrays);
  if (!Number.isFinite(found.loss)) throw notFinite(step, "the loss", unchanged);
  if (!found.gradient.every(Number.isFinite)) throw notFinite(step, "the gradient of the log-probs", unchanged);
  return found;
};

/** A pass and the optimizer's step, sent one behind the other; in doubt from the first that may have arrived to the last answer. */
const passAndStep = async (
  { client, model, doubt, step }: UpdateContext,
  data: readonly EngineDatum[],
  loss: EngineLoss,
  adam: EngineAdam,
): Promise<{ readonly output: EngineOutput; readonly metrics: Metrics }> => {
  doubt(true);
  const pass = await toPromise(client.forwardBackward(model, data, loss)).catch((cause) => {
    if (engineKind(cause) === "refused") doubt(false);
    throw cause;
  });
  const stepped = await toPromise(client.optimStep(model, adam));
  const [output, own] = await Promise.all([toPromise(pass.result), toPromise(stepped.result)]);
  const norm = Object.entries(own).find(([name]) => name.endsWith("grad_norm"))?.[1];
  if (norm !== undefined && !Number.isFinite(norm))
    throw notFinite(step, "the engine's gradient norm", "its weights may be lost: go back to the last checkpoint");
  doubt(false);
  return { output, metrics: { ...(norm !== undefined && { gradient_norm: norm }), learning_rate: adam.learningRate } };
};

/** The engine's own loss and its data, where the engine has what ours is. */
const ownLoss = async (context: UpdateContext, rows: readonly UpdateRow[], counts: BatchCounts, loss: Loss) => {
  const { facts } = context;
  const standIn = builtInLoss(loss);
  if (!standIn || !facts.builtIn.includes(standIn.name)) return undefined;
  if (standIn.name !== "cross_entropy") {
    if (rows.some(({ completion }) => completion.oldLogProbs === undefined)) return undefined; // ratio 1: no number yet
    return { standIn, data: builtInData(rows, facts, loss, counts) };
  }
  const anywhere = rows.map(({ tokenIds }) => new Float32Array(tokenIds.length)); // its gradient does not read log-probs
  const { gradient } = await checkedGradient(context, arraysOf(rows, anywhere, counts));
  const data = crossEntropyData(rows, facts, rowsOf(rows, gradient));
  return data && { standIn, data };
};

/**
 * One optimizer step on an engine: its own loss where it has ours; else a forward pass, our loss's gradient, and that
 * gradient back as advantages of importance sampling at ratio 1. Metrics: those of the loss, its value, the learning rate,
 * and the gradient's norm where the engine tells it.
 */
export const engineUpdate = async (
  context: UpdateContext,
  rows: readonly UpdateRow[],
  counts: BatchCounts,
  loss: Loss,
  adam: EngineAdam,
): Promise<Metrics> => {
  const { client, model, facts, step } = context;
  const own = await ownLoss(context, rows, counts, loss);
  if (own) {
    const { output, metrics } = await passAndStep(context, own.data, own.standIn, adam);
    const scored = rows.map((row, index) => ofCompletion(row, output.logProbs[index]!));
    const found = await context.gradientOf(arraysOf(rows, scored, counts));
    if (Number.isFinite(found.loss)) return { ...found.metrics, loss: found.loss, ...metrics };
    context.doubt(true);
    throw notFinite(step, "the loss", "its weights may be lost: go back to the last checkpoint");
  }
  const logProbs = await forwardRows(client, model, rows);
  const { gradient, ...found } = await checkedGradient(context, arraysOf(rows, logProbs, counts));
  const data = gradientData(rows, facts, logProbs, rowsOf(rows, gradient));
  const { metrics } = await passAndStep(context, data, { name: "importance_sampling" }, adam);
  return { ...found.metrics, loss: found.loss, ...metrics };
};
