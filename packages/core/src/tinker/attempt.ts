import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";
import { isTagged, tagged } from "../errors.js";
import type { PolicyError } from "../policy/policy.js";
import type { EngineError, EngineErrorKind } from "./engineError.js";

const policyTags: ReadonlySet<string> = new Set([
  "PromptTooLong",
  "BadPrompt",
  "NeedNotMet",
  "NotFinite",
  "BadCheckpoint",
  "PolicyFailed",
] satisfies readonly PolicyError["_tag"][]);

/** A policy's failure; of an engine's error it keeps the kind. */
export const engineFailed = (policy: string, message: string, engine?: EngineErrorKind): PolicyError =>
  tagged("PolicyFailed", `policy ${policy}: ${message}`, { policy, ...(engine && { engine }) });

/** Which kind of an engine's error a value is, if it is one. */
export const engineKind = (value: unknown): EngineErrorKind | undefined =>
  isTagged(value) && value._tag === "EngineError" ? (value as EngineError).kind : undefined;

/** Work that throws tagged errors, as a task of a policy: its own errors as they are, others as its failure. */
export const attempt =
  <Value>(policy: string, work: () => Promise<Value>): TaskEither<PolicyError, Value> =>
  async () => {
    try {
      return E.right(await work());
    } catch (cause) {
      if (!isTagged(cause)) throw cause; // a bug, not a matter of the data
      if (policyTags.has(cause._tag)) return E.left(cause as PolicyError);
      return E.left(engineFailed(policy, cause.message, engineKind(cause)));
    }
  };
