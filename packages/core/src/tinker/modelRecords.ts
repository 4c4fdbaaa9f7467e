import type { TaskEither } from "fp-ts/TaskEither";
import * as TE from "fp-ts/TaskEither";
import { toPromise } from "../errors.js";
import { engineFailed } from "./attempt.js";
import type { EngineModel, EngineSampler } from "./client.js";
import type { EngineError } from "./engineError.js";
import type { TinkerState, TrainedState } from "./tinkerState.js";

/** Something asked of the engine at a step: the request, which may be run again, and what came of it. */
interface Asked<Value> {
  readonly step: number;
  readonly ask: TaskEither<EngineError, Value>;
  result?: Promise<Value> | undefined;
}

/** What is known here of a model on the engine: how far its weights are, and what was made of them. */
export interface ModelRecord {
  readonly model: EngineModel;
  step: number;
  /** An update of it is being made. */
  busy: boolean;
  /** An update did not end: gradient and weights may be other than the state says. */
  doubtful: boolean;
  sampler?: Asked<EngineSampler>;
  saved?: Asked<string>;
  frozen?: Asked<string>;
}

/** The models of one connection. */
export interface ModelRecords {
  /** A model as it is at a step; `path`: where that, optimizer included, is saved already. */
  add(model: EngineModel, step: number, path?: string): void;
  remove(state: TrainedState): void;
  /** The record of a state that can still be used; throws the policy's failure where it is not the newest. */
  of(state: TinkerState): ModelRecord;
  /** Where a state was saved before, though it may be the newest no longer. */
  savedBefore(state: TinkerState): Promise<string> | undefined;
}

/** Something made of a model at a step, made once; what did not come is asked for again, by the same request. */
export const once = <Name extends "sampler" | "saved" | "frozen">(
  record: ModelRecord,
  name: Name,
  make: () => TaskEither<EngineError, Name extends "sampler" ? EngineSampler : string>,
): Promise<Name extends "sampler" ? EngineSampler : string> => {
  type Value = Name extends "sampler" ? EngineSampler : string;
  const known = record[name] as Asked<Value> | undefined;
  const asked: Asked<Value> = known?.step === record.step ? known : { step: record.step, ask: make() };
  Object.assign(record, { [name]: asked });
  const result = asked.result ?? toPromise(asked.ask);
  asked.result = result;
  result.catch(() => {
    asked.result = undefined;
  });
  return result;
};

const refusal = (record: ModelRecord | undefined, state: TrainedState): string | undefined => {
  const { id } = state.model;
  if (!record) return `model ${id} is not of this connection, or was released: load its checkpoint`;
  if (record.busy) return `an update of model ${id} is under way: wait for the state that it gives`;
  if (record.doubtful)
    return `an update of model ${id} after step ${record.step} did not end, so that its weights may be other than this state's: load the last checkpoint into a new model, which applies nothing twice`;
  return record.step === state.step
    ? undefined
    : `this state of model ${id} is of step ${state.step}, the engine's weights have moved to step ${record.step}: only the newest state can be used; load a checkpoint, or freeze a state to keep it`;
};

/** Keeps the records of one policy's models. */
export const modelRecords = (policy: string): ModelRecords => {
  const records = new Map<string, ModelRecord>();
  const find = (state: TinkerState): readonly [ModelRecord | undefined, TrainedState] => {
    if (state.type !== "model") throw engineFailed(policy, `the ${state.type} model is not trained or saved`);
    return [records.get(state.model.id), state];
  };
  const usable = (state: TinkerState): ModelRecord => {
    const [record, trained] = find(state);
    const problem = refusal(record, trained);
    if (problem !== undefined) throw engineFailed(policy, problem);
    return record!;
  };
  return {
    add: (model, step, path) => {
      const saved = path !== undefined && { saved: { step, ask: TE.right(path) } };
      records.set(model.id, { model, step, busy: false, doubtful: false, ...saved });
    },
    remove: ({ model }) => void records.delete(model.id),
    of: usable,
    savedBefore: (state) => {
      const [record, { step }] = find(state);
      return record?.saved?.step === step ? (record.saved.result ?? toPromise(record.saved.ask)) : undefined;
    },
  };
};
