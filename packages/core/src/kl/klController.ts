/** What a controller saw of the last update. */
export interface ObservedKl {
  /** Mean KL(policy || reference), in nats: per token or per sequence, as the controller's target is. */
  readonly kl: number;
  /** How much was done since the last observation, in the unit of the controller's horizon: episodes, or steps. */
  readonly steps: number;
}

/** A rule for the weight of the KL term, as pure functions: a state comes in, the next goes out. */
export interface KlController {
  readonly name: string;
  readonly options: Readonly<Record<string, number>>;
  /** The weight to begin with, which is the whole state: a checkpoint keeps this one number. */
  readonly initial: number;
  /** The weight after an observation. */
  next(coefficient: number, observed: ObservedKl): number;
}
