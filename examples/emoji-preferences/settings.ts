/** Numbers of one training run: steps, batch sizes and learning rates of the five stages. */
export interface Settings {
  /** 1a: SFT on text rationales. */
  readonly coldStart: { readonly steps: number; readonly batchSize: number; readonly learningRate: number };
  /** 1b: GRPO on text preferences. */
  readonly textRl: RlSettings;
  /** 2a: GRPO on captions; replayed text samples count with `replayWeight`. */
  readonly captionRl: RlSettings & { readonly replayWeight: number; readonly newPerOld: number };
  /** 2b: traces from captions, then SFT on the images. */
  readonly cmkd: {
    readonly samples: number;
    readonly candidates: number;
    readonly steps: number;
    readonly batchSize: number;
    readonly learningRate: number;
  };
  /** 3: GRPO on images and videos; captions of CMKD are replayed with `captionWeight`, `captionsPerStep` a step. */
  readonly multimodalRl: RlSettings & { readonly captionWeight: number; readonly captionsPerStep: number };
  /** The comparison: as much RL, on labelled multimodal data only. */
  readonly multimodalOnly: RlSettings;
  /** Held-out items judged after each stage. */
  readonly evaluation: { readonly multimodal: number; readonly text: number };
}

/** Numbers of a GRPO stage; the learning rate warms up over `warmupSteps`, then falls to `finalFraction` of itself. */
export interface RlSettings {
  readonly steps: number;
  readonly batchSize: number;
  readonly samples: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly finalFraction: number;
}

const rl = (steps: number, batchSize: number, learningRate: number, finalFraction: number): RlSettings => ({
  steps,
  batchSize,
  samples: 8,
  learningRate,
  warmupSteps: 5,
  finalFraction,
});

/** The settings of `npm start`, chosen on the dev split. */
export const fullSettings: Settings = {
  coldStart: { steps: 40, batchSize: 32, learningRate: 1e-3 },
  textRl: rl(40, 24, 2e-4, 0.1),
  captionRl: { ...rl(80, 20, 3e-4, 0.1), replayWeight: 0.02, newPerOld: 5 },
  cmkd: { samples: 1000, candidates: 4, steps: 150, batchSize: 32, learningRate: 1e-3 },
  multimodalRl: { ...rl(60, 20, 1.5e-4, 1), captionWeight: 0.05, captionsPerStep: 16 },
  multimodalOnly: rl(188, 20, 1.5e-4, 1),
  evaluation: { multimodal: 600, text: 200 },
};

/** The settings of `npm start -- --quick`. */
export const quickSettings: Settings = {
  coldStart: { steps: 40, batchSize: 32, learningRate: 1e-3 },
  textRl: rl(12, 24, 2e-4, 0.1),
  captionRl: { ...rl(60, 16, 3e-4, 0.1), replayWeight: 0.02, newPerOld: 5 },
  cmkd: { samples: 600, candidates: 4, steps: 90, batchSize: 32, learningRate: 1e-3 },
  multimodalRl: { ...rl(32, 16, 1.5e-4, 1), captionWeight: 0.05, captionsPerStep: 16 },
  multimodalOnly: rl(110, 16, 1.5e-4, 1),
  evaluation: { multimodal: 400, text: 100 },
};

/** Tokens a completion may have: enough for the longest form asked for, with a little room. */
export const maxTokens = { text: 32, captioned: 44, seen: 64 } as const;
