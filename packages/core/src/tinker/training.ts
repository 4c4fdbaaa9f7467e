import * as E from "fp-ts/Either";
import { adamJson } from "./adam.js";
import { lengthOf } from "./checkData.js";
import type { EngineAdam, EngineDatum, EngineLoss, EngineModel, EngineOutput, EngineSampler } from "./client.js";
import { type Connection, callError, textField } from "./connection.js";
import { type EngineError, engineError } from "./engineError.js";
import { passBytes, passJson } from "./passRequest.js";
import { fieldsOf, jsonOf, outputOf } from "./readAnswer.js";
import type { Work } from "./work.js";

/** A pass over a batch. */
export const passWork = (
  from: Connection,
  model: EngineModel,
  data: readonly EngineDatum[],
  loss: EngineLoss,
  forwardOnly: boolean,
): Work<EngineOutput> => {
  const json = from.known() === "json";
  const path = json && forwardOnly ? "forward" : "forward_backward";
  return {
    path,
    effect: forwardOnly ? "none" : "gradient",
    request: (seqId) => {
      const request = { modelId: model.id, seqId, data, loss, forwardOnly };
      const body = json ? passJson(request) : passBytes(request);
      return { method: "POST", path, body, timeout: from.options.timeout };
    },
    read: outputOf(data.map(({ input, inputs }) => inputs.target_tokens?.length ?? lengthOf(input))),
  };
};

const metricsOf = (value: unknown): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(fieldsOf(value)).map(([name, metric]) => [name, typeof metric === "number" ? metric : Number.NaN]),
  );

/** A request whose body is JSON with the model and its number. */
const jsonWork = <Value>(
  from: Connection,
  model: EngineModel,
  work: Omit<Work<Value>, "request"> & { readonly body: (seqId: number) => object },
): Work<Value> => ({
  ...work,
  request: (seqId) => ({
    method: "POST",
    path: work.path,
    body: { model_id: model.id, seq_id: seqId, ...work.body(seqId) },
    timeout: from.options.timeout,
  }),
});

/** An optimizer step. */
export const stepWork = (from: Connection, model: EngineModel, adam: EngineAdam) =>
  jsonWork(from, model, {
    path: "optim_step",
    effect: "step",
    body: () => ({ adam_params: adamJson(adam) }),
    read: (body) => E.map(({ metrics }: Readonly<Record<string, unknown>>) => metricsOf(metrics))(jsonOf(body)),
  });

/** The path of a checkpoint that an attempt left whose answer was lost: the engine lists it once it is whole. */
const findSaved =
  (from: Connection, model: EngineModel, name: string, type: "training" | "sampler", workPath: string) =>
  async (): Promise<E.Either<EngineError, string>> => {
    const { attempts, delay, sleep, timeout } = from.options;
    const path = `training_runs/${encodeURIComponent(model.id)}/checkpoints`;
    for (let attempt = 1; ; attempt++) {
      const answer = await from.ask({ method: "GET", path, timeout }, from.alive);
      if (E.isLeft(answer)) return E.left(callError(workPath, answer.left));
      const { checkpoints } = answer.right.body.type === "json" ? fieldsOf(answer.right.body.value) : {};
      const found = (Array.isArray(checkpoints) ? checkpoints : [])
        .map(fieldsOf)
        .find((one) => String(one.checkpoint_id).split("/").at(-1) === name && one.checkpoint_type === type);
      if (typeof found?.tinker_path === "string") return E.right(found.tinker_path);
      if (attempt >= attempts)
        return E.left(
          engineError(
            { kind: "failed", path: workPath },
            `${name} was begun and is not there`,
            "save under another name",
          ),
        );
      await sleep(delay);
    }
  };

/** A checkpoint: weights and optimizer, or weights to draw from. */
export const saveWork = (from: Connection, model: EngineModel, name: string, type: "training" | "sampler") => {
  const path = type === "training" ? "save_weights" : "save_weights_for_sampler";
  return jsonWork(from, model, {
    path,
    effect: "none",
    body: () => ({ path: name }),
    read: textField("path"),
    taken: findSaved(from, model, name, type, path),
  });
};

/** A sampler of the weights as they are; `next` numbers the samplers of a client. */
export const samplerWork = (from: Connection, model: EngineModel, next: () => number): Work<EngineSampler> => {
  let taken: { readonly seqId: number; readonly number: number } | undefined;
  return jsonWork<EngineSampler>(from, model, {
    path: "save_weights_for_sampler",
    effect: "none",
    body: (seqId) => {
      if (taken?.seqId !== seqId) taken = { seqId, number: next() };
      return { sampling_session_seq_id: taken.number };
    },
    read: (body) =>
      E.chain(({ sampling_session_id, path }: Readonly<Record<string, unknown>>): E.Either<string, EngineSampler> => {
        if (typeof sampling_session_id === "string") return E.right({ type: "session", id: sampling_session_id });
        return typeof path === "string" ? E.right({ type: "path", path }) : E.left("the answer names no sampler");
      })(jsonOf(body)),
    taken: "renumber",
  });
};

/** Weights from a path into a fresh model. */
export const loadWork = (from: Connection, model: EngineModel, path: string, optimizer: boolean): Work<void> =>
  jsonWork<void>(from, model, {
    path: "load_weights",
    effect: "load",
    body: () => ({ path, optimizer }),
    read: (body) => E.map(() => undefined)(jsonOf(body)),
  });
