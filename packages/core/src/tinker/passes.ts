import * as E from "fp-ts/Either";
import { dataProblem, numbersProblem } from "./checkData.js";
import type { EngineDatum, EngineLoss, EngineModel, EngineOutput, Pending } from "./client.js";
import type { Connection } from "./connection.js";
import { type EngineError, engineError } from "./engineError.js";
import type { Lines } from "./lines.js";
import { joinOutputs, splitBatch } from "./split.js";
import { passWork } from "./training.js";

/** Several requests as one. */
const joined = (parts: readonly Pending<EngineOutput>[]): Pending<EngineOutput> => ({
  result: async () => {
    const outputs: EngineOutput[] = [];
    for (const { result } of parts) {
      const found = await result();
      if (E.isLeft(found)) return found;
      outputs.push(found.right);
    }
    return E.right(joinOutputs(outputs));
  },
});

/** Puts a pass over a checked batch in line, in as many requests as its size wants. */
export const enginePass =
  (from: Connection, lines: Lines) =>
  (
    model: EngineModel,
    data: readonly EngineDatum[],
    loss: EngineLoss,
    forwardOnly: boolean,
    signal: AbortSignal | undefined,
  ): E.Either<EngineError, Pending<EngineOutput>> => {
    const problem = dataProblem(data) ?? numbersProblem(loss.config ?? {});
    if (problem !== undefined) return E.left(engineError({ kind: "refused", path: "forward_backward" }, problem));
    const parts: Pending<EngineOutput>[] = [];
    for (const part of splitBatch(data, from.options)) {
      const submitted = lines.submit(model, passWork(from, model, part, loss, forwardOnly), signal);
      if (E.isLeft(submitted)) return submitted;
      parts.push(submitted.right);
    }
    return E.right(joined(parts));
  };
