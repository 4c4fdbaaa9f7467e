import type { Media, Tagged } from "@msrl/core";
import { tagged } from "@msrl/core";

/** Media without a caption, all of them: of which sample, and which by place and source. */
export type CaptionMissing = Tagged<"CaptionMissing", { readonly sample: string; readonly media: readonly string[] }>;

/** Settings of caption transfer. */
export interface CaptionOptions {
  /** Writes a caption where its medium stood; `index` counts the sample's media from 0. By default the bare caption. */
  readonly mark?: (caption: string, medium: Media, index: number) => string;
}

/** A medium and the words for its place in a message. */
export interface PlacedMedia {
  readonly medium: Media;
  readonly place: string;
}

/** Whether there is no caption, or none to speak of. */
export const isBlank = (caption: string | undefined): boolean => caption === undefined || caption.trim() === "";

/** The error of the media that have no caption, or a blank one; undefined if all have one. */
export const missingCaptions = (sample: string, placed: readonly PlacedMedia[]): CaptionMissing | undefined => {
  const media = placed
    .filter(({ medium }) => isBlank(medium.caption))
    .map(
      ({ medium, place }) => `${medium.kind} at ${place}${medium.source === undefined ? "" : ` (${medium.source})`}`,
    );
  if (media.length === 0) return undefined;
  const message = `sample ${sample}: no caption for ${media.join(", ")}; wanted one for every medium`;
  return tagged("CaptionMissing", message, { sample, media });
};

/** The caption as it stands in the text. */
export const written = ({ mark }: CaptionOptions, medium: Media, index: number): string => {
  const caption = medium.caption ?? "";
  return mark === undefined ? caption : mark(caption, medium, index);
};
