import * as E from "fp-ts/Either";
import { adamJson } from "./adam.js";
import type { EngineModel } from "./client.js";
import type { Connection } from "./connection.js";
import type { Models } from "./models.js";
import { fieldsOf } from "./readAnswer.js";

const step = { learningRate: 0, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradClipNorm: 0 };

/** Times an engine may forget what it was just sent before it counts as one that does not know it. */
const forgotten = 4;

/**
 * Whether an engine knows a request that it is sent twice, found on a model made for it: two steps of learning rate 0 under
 * one number have one name where it does. Undefined: it could not be found out now; false also where no model could be made.
 */
export const askRepeats =
  (from: Connection, models: Models) =>
  async ({ baseModel, rank }: EngineModel): Promise<boolean | undefined> => {
    const scratch = await models.create({ baseModel, rank, seed: 0 }, from.alive);
    if (E.isLeft(scratch)) return scratch.left.kind === "refused" || scratch.left.kind === "failed" ? false : undefined;
    const { id } = scratch.right;
    const body = { model_id: id, seq_id: 1, adam_params: adamJson(step) };
    const { timeout } = from.options;
    const name = async (): Promise<unknown> => {
      const sent = await from.ask({ method: "POST", path: "optim_step", body, timeout }, from.alive);
      return E.isRight(sent) && sent.right.body.type === "json"
        ? fieldsOf(sent.right.body.value).request_id
        : undefined;
    };
    let [last, repeated]: readonly unknown[] = [await name(), await name()];
    for (let more = 0; last !== repeated && more < forgotten; more++) [last, repeated] = [repeated, await name()];
    await models.unload(id, from.alive);
    return last === undefined || repeated === undefined ? undefined : last === repeated;
  };
