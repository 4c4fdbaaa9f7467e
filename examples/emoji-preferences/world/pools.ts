import type { PreferenceSample } from "@msrl/core";
import { drawPool, multimodalTasks, type PoolOptions } from "./draw.js";

/** Sizes of the pools where none is given; the first 400 of the text pool are the rationale demonstrations of SFT. */
export const poolSizes = {
  text: 4000,
  rationales: 400,
  unlabelled: 1500,
  labelled: 1000,
  dev: 600,
  test: 2000,
} as const;

const withoutLabel = ({ label: _, ...sample }: PreferenceSample): PreferenceSample => sample;

/** Text preferences with labels: stage 1. */
export const textPool = (options: PoolOptions): readonly PreferenceSample[] =>
  drawPool({ split: "train", name: "labelled" }, ["text"], options, poolSizes.text);

/** The samples of CMKD with the labels that it does not see: what pseudo-labels are measured against. */
export const unlabelledPoolSolved = (options: PoolOptions): readonly PreferenceSample[] =>
  drawPool({ split: "train", name: "unlabelled" }, multimodalTasks, options, poolSizes.unlabelled);

/** Captioned multimodal samples whose labels nobody gave: what CMKD distils on. */
export const unlabelledPool = (options: PoolOptions): readonly PreferenceSample[] =>
  unlabelledPoolSolved(options).map(withoutLabel);

/** Labelled multimodal samples: caption RL and stage 3. */
export const labelledPool = (options: PoolOptions): readonly PreferenceSample[] =>
  drawPool({ split: "train", name: "labelled" }, multimodalTasks, options, poolSizes.labelled);

/** What to evaluate: multimodal samples (the four tasks in turn) or text. */
export interface EvaluationOptions extends PoolOptions {
  readonly split: "dev" | "test";
  readonly kind?: "multimodal" | "text";
}

/** Samples of held-out pairs: `dev` for every choice, `test` to be read once. */
export const evaluationPool = ({
  split,
  kind = "multimodal",
  ...options
}: EvaluationOptions): readonly PreferenceSample[] =>
  drawPool({ split, name: split }, kind === "text" ? ["text"] : multimodalTasks, options, poolSizes[split]);
