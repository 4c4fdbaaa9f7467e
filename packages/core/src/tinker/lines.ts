import * as E from "fp-ts/Either";
import { askRepeats } from "./askRepeats.js";
import type { EngineModel, Pending } from "./client.js";
import type { Connection } from "./connection.js";
import { type EngineError, engineError } from "./engineError.js";
import { type Line, line } from "./line.js";
import { engineModels, hurried, type Models } from "./models.js";
import type { Work } from "./work.js";

/** The lines of a client's models: one each, from its making until it is unloaded. */
export interface Lines extends Models {
  readonly submit: <Value>(
    model: EngineModel,
    work: Work<Value>,
    signal: AbortSignal | undefined,
  ) => E.Either<EngineError, Pending<Value>>;
  /** Unloads every model, asking a few times only. */
  readonly close: () => Promise<E.Either<EngineError, void>>;
}

/** Lines over a connection. */
export const engineLines = (from: Connection): Lines => {
  const models = engineModels(from);
  const open = new Map<string, Line>();
  let repeats: Promise<boolean | undefined> | undefined;
  const mayRepeat = (model: EngineModel) => async (): Promise<boolean | undefined> => {
    if (from.options.repeats !== "ask") return from.options.repeats === "known";
    repeats ??= askRepeats(from, models)(model);
    const known = await repeats;
    if (known === undefined) repeats = undefined;
    return known;
  };
  const create: Lines["create"] = async (options, signal) => {
    const wire = await from.wire(); // passes are put in line at once, so the wire has to be known before
    if (E.isLeft(wire)) return wire;
    const made = await models.create(options, signal);
    if (E.isRight(made))
      open.set(made.right.id, line({ ...from, mayRepeat: mayRepeat(made.right), signal: from.alive }));
    return made;
  };
  const close: Lines["close"] = async () => {
    const { unload } = engineModels(hurried(from));
    const ids = [...open.keys()];
    open.clear();
    const ended = await Promise.all(ids.map((id) => unload(id, new AbortController().signal)));
    return ended.find(E.isLeft) ?? E.right(undefined);
  };
  return {
    create,
    close,
    unload: (id, signal) => {
      open.delete(id);
      return models.unload(id, signal);
    },
    submit: ({ id }, work, signal) =>
      open.get(id)?.submit(work, signal) ??
      E.left(
        engineError({ kind: "refused", path: work.path }, `model ${id} is none of this client's, or was unloaded`),
      ),
  };
};
