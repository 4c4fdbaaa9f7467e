import { type Captioner, fold } from "@msrl/core";
import { atLeast, checkOptions, wholeFrom } from "@msrl/core/configuration";
import * as E from "fp-ts/Either";
import type { Captioned } from "./captionCache.js";

/** How patiently a captioner is asked. */
export interface RetryCaptionsOptions {
  /** Times it is asked at most. */
  readonly attempts: number;
  /** Milliseconds before the second time; each further wait is twice as long. */
  readonly delay: number;
  /** Waits for milliseconds; a timer by default. */
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Defaults of {@link retryCaptions}. */
export const retryCaptionsDefaults: RetryCaptionsOptions = {
  attempts: 3,
  delay: 500,
  sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
};

const rules = {
  attempts: wholeFrom(1),
  delay: atLeast(0),
  sleep: { wanted: "a function", fits: (value: unknown) => typeof value === "function" },
};

/**
 * A captioner that asks another again where it failed and the failure is not final, after growing waits: for policies,
 * which do not try again themselves (`openaiChat` does). Every time has a key of its own.
 *
 * @throws ConfigurationError for options that cannot be.
 * @example
 * import { key, tagged, toPromise } from "@msrl/core";
 * import { retryCaptions } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * let asked = 0;
 * const caption = () =>
 *   ++asked < 3
 *     ? TE.left(tagged("CaptionError", "busy", { captioner: "moody", final: false }))
 *     : TE.right({ text: "a fox", tokens: { prompt: 0, completion: 2 }, truncated: false });
 * const patient = retryCaptions({ sleep: async () => {} })({ name: "moody", fingerprint: "moody", caption });
 * assert.strictEqual((await toPromise(patient.caption({ kind: "image", frames: [] }, { key: key(0) }))).text, "a fox");
 * @since 0.1.0
 */
export const retryCaptions = (given: Partial<RetryCaptionsOptions> = {}) => {
  const options = checkOptions<RetryCaptionsOptions>("retryCaptions", rules, retryCaptionsDefaults, given);
  const { attempts, delay, sleep } = options;
  return (captioner: Captioner): Captioner => ({
    ...captioner,
    caption: (medium, request) => async (): Promise<Captioned> => {
      for (let time = 0; ; time++) {
        const key = time === 0 ? request.key : fold(request.key, `again ${time}`);
        const result = await captioner.caption(medium, { ...request, key })();
        const last = time + 1 >= attempts || request.signal?.aborted === true;
        if (E.isRight(result) || result.left.final || last) return result;
        await sleep(delay * 2 ** time);
      }
    },
  });
};
