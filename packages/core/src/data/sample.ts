/** What a sample asks for: a text preference or one of MSRL's four multimodal tasks. */
export const taskTypes = [
  "text",
  "image_understanding",
  "image_generation",
  "video_understanding",
  "video_generation",
] as const;

/** One of {@link taskTypes}. */
export type TaskType = (typeof taskTypes)[number];

/** The answer that is better. */
export type Label = "A" | "B";

/** A picture in memory: RGB bytes, row by row, 3 * width * height of them. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** An image (one frame) or a video (its sampled frames, in time), with its caption where one is known. */
export interface Media {
  readonly kind: "image" | "video";
  readonly frames: readonly Pixels[];
  readonly caption?: string;
  /** Where it came from, for messages: a path or a URL. */
  readonly source?: string;
}

/** An answer under judgement: text, or the media that a generator made. */
export type Response = string | Media;

/** A preference sample: a question or an order, media it speaks of, two answers, and which is better where that is known. */
export interface PreferenceSample {
  readonly id: string;
  readonly task: TaskType;
  readonly query: string;
  readonly context: readonly Media[];
  readonly responses: readonly [Response, Response];
  readonly label?: Label;
}
