import type { PreferenceSample } from "@msrl/core";
import type { Question } from "@msrl/stages";
import {
  evaluationPool,
  labelledPool,
  loadSprites,
  type Mode,
  render,
  type Sprites,
  textPool,
  unlabelledPool,
} from "./world/index.js";

/** Everything a run reads: many text preferences, few labelled multimodal ones, captioned ones without labels. */
export interface Data {
  readonly text: readonly PreferenceSample[];
  readonly labelled: readonly PreferenceSample[];
  readonly unlabelled: readonly PreferenceSample[];
  readonly heldOut: readonly PreferenceSample[];
  readonly heldOutText: readonly PreferenceSample[];
}

/** Which held-out items a run is judged on: `dev` for choices, `test` for what is reported. */
export interface DataOptions {
  readonly split: "dev" | "test";
  readonly multimodal: number;
  readonly text: number;
  readonly sprites?: Sprites;
}

/** Draws the data, the same for every run and seed. */
export const loadData = async ({ split, multimodal, text, ...options }: DataOptions): Promise<Data> => {
  const sprites = options.sprites ?? (await loadSprites());
  return {
    text: textPool({ sprites }),
    labelled: labelledPool({ sprites }),
    unlabelled: unlabelledPool({ sprites }),
    heldOut: evaluationPool({ sprites, split, count: multimodal }),
    heldOutText: evaluationPool({ sprites, split, kind: "text", count: text }),
  };
};

/** Samples as questions in one of the three forms. */
export const questionsOf = (
  mode: Mode,
  samples: readonly PreferenceSample[],
): readonly Question<PreferenceSample>[] => {
  const ask = render(mode);
  return samples.map((sample) => ({ prompt: ask(sample), reference: sample }));
};
