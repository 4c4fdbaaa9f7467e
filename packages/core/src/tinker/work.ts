import type * as E from "fp-ts/Either";
import type { EngineError } from "./engineError.js";
import type { AnswerBody } from "./readAnswer.js";
import type { EngineRequest } from "./send.js";

/** A request in the line of a model. */
export interface Work<Value> {
  readonly path: string;
  /** What it changes: nothing, the gradient that adds up, the weights by a step, or all of the model. */
  readonly effect: "none" | "gradient" | "step" | "load";
  readonly request: (seqId: number) => EngineRequest;
  readonly read: (body: AnswerBody) => E.Either<string, Value>;
  /**
   * What 409 means after an attempt whose answer was lost: `renumber`: ask afresh under the next number, or where to find
   * what that attempt left.
   */
  readonly taken?: "renumber" | (() => Promise<E.Either<EngineError, Value>>);
}

/** A request and how far it came. */
export interface Entry<Value> {
  readonly work: Work<Value>;
  /** Its number within the model, taken when it is first sent. */
  number?: number;
  /** Whether an attempt whose answer was lost may have been carried out. */
  doubtful: boolean;
  /** The engine's name of the request, or null where only `taken` finds its result. */
  posted?: E.Either<EngineError, string | null>;
  /** Why the line stopped before it, until it was told. */
  stopped?: EngineError | undefined;
  settling?: Promise<E.Either<EngineError, Value>> | undefined;
  /** The request before it, until that one is settled. */
  previous?: Entry<unknown> | undefined;
}

/** Whether carrying it out twice would be wrong. */
export const guarded = ({ work }: Entry<unknown>): boolean => work.effect === "gradient" || work.effect === "step";
