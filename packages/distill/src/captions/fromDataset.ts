import { type Caption, type CaptionError, type Captioner, tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import * as TE from "fp-ts/TaskEither";
import { isBlank } from "./captions.js";

/**
 * The captioner that asks nobody: the caption that the data has (`Media.caption`). A medium without one, or with a blank
 * one, is a `CaptionError`.
 *
 * @example
 * import { key, toPromise } from "@msrl/core";
 * import { fromDataset } from "@msrl/distill";
 * const image = { kind: "image", frames: [], caption: "a red fox" } as const;
 * assert.strictEqual((await toPromise(fromDataset().caption(image, { key: key(0) }))).text, "a red fox");
 * @since 0.1.0
 */
export const fromDataset = (): Captioner => ({
  name: "dataset",
  fingerprint: null,
  caption: ({ kind, caption, source }) => {
    const where = source === undefined ? "" : ` (${source})`;
    const missing = (): CaptionError =>
      tagged("CaptionError", `the data has no caption for the ${kind}${where}`, { captioner: "dataset", final: true });
    const known: Caption = { text: caption ?? "", tokens: { prompt: 0, completion: 0 }, truncated: false };
    return TE.fromEither(isBlank(caption) ? E.left(missing()) : E.right(known));
  },
});
