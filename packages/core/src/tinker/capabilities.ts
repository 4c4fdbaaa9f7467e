import * as E from "fp-ts/Either";
import type { EngineCapabilities } from "./client.js";
import { type Connection, callError } from "./connection.js";
import type { EngineError } from "./engineError.js";
import { fieldsOf } from "./readAnswer.js";

const path = "get_server_capabilities";

/** What an engine says of itself, and which wire it takes. */
export const engineCapabilities = async (
  from: Connection,
  signal: AbortSignal,
): Promise<E.Either<EngineError, EngineCapabilities>> => {
  const wire = await from.wire();
  if (E.isLeft(wire)) return wire;
  const answer = await from.ask({ method: "GET", path, timeout: from.options.timeout }, signal);
  if (E.isLeft(answer)) return E.left(callError(path, answer.left));
  const { supported_models } = answer.right.body.type === "json" ? fieldsOf(answer.right.body.value) : {};
  const names = (Array.isArray(supported_models) ? supported_models : []).map((one) =>
    typeof one === "string" ? one : fieldsOf(one).model_name,
  );
  return E.right({ models: names.filter((name) => typeof name === "string"), wire: wire.right });
};
