import type { Caption, CaptionError, Captioner } from "@msrl/core";
import * as E from "fp-ts/Either";
import { captionKey, pixelHash } from "./captionKey.js";

/** What came of asking for a caption. */
export type Captioned = E.Either<CaptionError, Caption>;

/** Keeps captions by key. */
export interface CaptionCache {
  /** The caption of the key; if there is none, the one that `make` gives, which is kept. Failures are not kept. */
  once(key: string, make: () => Promise<Captioned>, signal?: AbortSignal): Promise<Captioned>;
}

/** A caption that was there already. */
export const fromCache = ({ text, truncated }: Caption): Caption => ({
  text,
  tokens: { prompt: 0, completion: 0 },
  truncated,
  cached: true,
});

/** Lets those who ask for the same key at the same time wait for one answer; all but the first have it for nothing. */
export const sharing = (): CaptionCache["once"] => {
  const underWay = new Map<string, Promise<Captioned>>();
  return async (key, make) => {
    const other = underWay.get(key);
    if (other !== undefined) return E.map(fromCache)(await other);
    const work = make().finally(() => underWay.delete(key));
    underWay.set(key, work);
    return work;
  };
};

/** A cache that lives as long as its value: for media that stand in many samples of one run. */
export const memoryCaptions = (): CaptionCache => {
  const kept = new Map<string, Caption>();
  const share = sharing();
  return {
    once: (key, make) =>
      share(key, async () => {
        const caption = kept.get(key);
        if (caption !== undefined) return E.right(fromCache(caption));
        const made = await make();
        if (E.isRight(made)) kept.set(key, made.right);
        return made;
      }),
  };
};

/**
 * A captioner that asks another once for each medium and remembers what it said.
 *
 *     key = SHA-256(pixels, fingerprint of the captioner, attempt)
 *
 * The fingerprint holds model and prompt, so another prompt is another key; a caption that was not taken (`attempt` > 0)
 * is asked for anew and kept beside the first. Left as they are: captioners without a fingerprint, media without pixels.
 *
 * @example
 * import { key, toPromise } from "@msrl/core";
 * import { cachedCaptions, memoryCaptions } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const asked: string[] = [];
 * const caption = () => {
 *   asked.push("?");
 *   return TE.right({ text: "a red fox", tokens: { prompt: 9, completion: 4 }, truncated: false });
 * };
 * const captioner = cachedCaptions(memoryCaptions())({ name: "echo", fingerprint: "echo", caption });
 * const image = { kind: "image", frames: [{ width: 1, height: 1, data: Uint8Array.of(9, 9, 9) }] } as const;
 * const twice = [1, 2].map(() => toPromise(captioner.caption(image, { key: key(0) })));
 * assert.deepStrictEqual([(await Promise.all(twice)).map(({ text }) => text), asked.length], [["a red fox", "a red fox"], 1]);
 * @since 0.1.0
 */
export const cachedCaptions =
  (cache: CaptionCache) =>
  (captioner: Captioner): Captioner => {
    const { name, fingerprint } = captioner;
    if (fingerprint === null) return captioner;
    const hashOf = pixelHash();
    return {
      name,
      fingerprint,
      caption: (medium, request) => {
        if (medium.frames.length === 0) return captioner.caption(medium, request);
        const key = captionKey(hashOf(medium), fingerprint, request.attempt ?? 0);
        return () => cache.once(key, () => captioner.caption(medium, request)(), request.signal);
      },
    };
  };
