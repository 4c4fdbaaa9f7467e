import type { Caption, Captioner, Media } from "@msrl/core";
import * as E from "fp-ts/Either";

/** A picture of one grey pixel. */
export const grey = (value: number): Media => ({
  kind: "image",
  frames: [{ width: 1, height: 1, data: new Uint8Array(3).fill(value) }],
});

/** The grey of a medium's first frame. */
export const greyOf = ({ frames }: Media): number => frames[0]?.data[0] ?? -1;

/** A caption of ten tokens read and two written. */
export const caption = (text: string, truncated = false): Caption => ({
  text,
  tokens: { prompt: 10, completion: 2 },
  truncated,
});

/** A captioner that answers as told, after a turn of the event loop, and notes whom it was asked about. */
export const scripted = (
  answer: (medium: Media, attempt: number) => string,
  fingerprint: string | null = "scripted",
): Captioner & { readonly asked: number[] } => {
  const asked: number[] = [];
  return {
    name: "scripted",
    fingerprint,
    asked,
    caption:
      (medium, { attempt = 0 }) =>
      async () => {
        asked.push(greyOf(medium));
        await new Promise((done) => setImmediate(done));
        return E.right(caption(answer(medium, attempt)));
      },
  };
};
