import type { Captioner } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";

/**
 * The captioner that asks several, one after the other, until one has a caption: the data's own where there is one, a
 * model's for the rest. Its error is that of the last.
 *
 * It has no fingerprint if any of them has none: put a cache around those that can be cached.
 *
 * @example
 * import { key, toPromise } from "@msrl/core";
 * import { firstCaption, fromDataset } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const model = { name: "m", fingerprint: "m", caption: () => TE.right({ text: "a ship", tokens: { prompt: 9, completion: 2 }, truncated: false }) };
 * const captioner = firstCaption(fromDataset(), model);
 * assert.strictEqual((await toPromise(captioner.caption({ kind: "image", frames: [] }, { key: key(0) }))).text, "a ship");
 * @since 0.1.0
 */
export const firstCaption = (first: Captioner, ...others: readonly Captioner[]): Captioner => {
  const all = [first, ...others];
  const prints = all.map(({ fingerprint }) => fingerprint);
  return {
    name: all.map(({ name }) => name).join(", else "),
    fingerprint: prints.includes(null) ? null : JSON.stringify(prints),
    caption: (medium, request) =>
      others.reduce(
        (task, next) => TE.orElse(() => next.caption(medium, request))(task),
        first.caption(medium, request),
      ),
  };
};
