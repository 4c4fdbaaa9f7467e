import type { Pixels, Tagged } from "@msrl/core";

/** Reads a picture file: its frames in time, one if it is a still. Rejects with an Error if it cannot. */
export type LoadImage = (path: string) => Promise<readonly Pixels[]>;

/** Writes a picture to a file, without loss. */
export type SaveImage = (path: string, picture: Pixels) => Promise<void>;

/** What reads and writes pictures cannot work at all: thrown by a {@link LoadImage}, it ends the reading of samples. */
export type ImagesUnavailable = Tagged<"ImagesUnavailable", { readonly wanted: string }>;
