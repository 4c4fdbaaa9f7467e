import { type Tagged, tagged } from "../errors.js";

/**
 * What went wrong, by what is safe next: `refused`: the engine or this client would not take the request, nothing ran;
 * `lost`: the engine no longer has the session, the model or a consistent gradient, so start a new model from the last
 * checkpoint; `unreachable`: no answer in spite of all attempts, running the same task again asks again and applies nothing
 * twice; `failed`: the engine took the request and failed at it; `badAnswer`: its answer cannot be read or holds numbers
 * that are not finite; `cancelled`: it was called off.
 */
export type EngineErrorKind = "refused" | "lost" | "unreachable" | "failed" | "badAnswer" | "cancelled";

/** The data of an {@link EngineError}. */
export interface EngineErrorData {
  readonly kind: EngineErrorKind;
  /** The part of the API that was asked, f.e. `forward_backward`. */
  readonly path: string;
  /** The status of the last answer, where there was one. */
  readonly status?: number;
  /** The number of the request within its model, where it has one. */
  readonly seqId?: number;
}

/** Why a training engine did not do what it was asked; the message says what is safe to do next. */
export type EngineError = Tagged<"EngineError", EngineErrorData>;

const next: Readonly<Record<EngineErrorKind, string>> = {
  refused: "nothing ran",
  lost: "start a new model from the last checkpoint",
  unreachable: "safe to run again: a request with a number is applied at most once",
  failed: "the engine took the request and failed at it",
  badAnswer: "do not go on from it: start a new model from the last checkpoint",
  cancelled: "called off by the caller",
};

/**
 * An {@link EngineError}: what was asked, what happened, and what is safe next (`advice`; by kind unless given).
 *
 * @example
 * import { engineError } from "@msrl/core/tinker";
 * const error = engineError({ kind: "lost", path: "retrieve_future", status: 404 }, "the engine does not know the request");
 * assert.match(error.message, /retrieve_future: the engine does not know the request \(status 404\); start a new model/);
 * @since 0.1.0
 */
export const engineError = (data: EngineErrorData, what: string, advice: string = next[data.kind]): EngineError => {
  const known = [
    ...(data.status === undefined ? [] : [`status ${data.status}`]),
    ...(data.seqId === undefined ? [] : [`request ${data.seqId} of its model`]),
  ];
  const where = known.length === 0 ? "" : ` (${known.join(", ")})`;
  return tagged("EngineError", `engine, ${data.path}: ${what}${where}; ${advice}`, data);
};
