/** What is known of one row of logits, computed in float64 number by number. */
export interface NaiveStatistics {
  readonly logProb: number;
  readonly entropy: number;
  /** d log-prob / d logits. */
  readonly slope: readonly number[];
  /** d entropy / d logits. */
  readonly bend: readonly number[];
}

/** Log-prob of a target, entropy and their gradients, of one row of logits. */
export const naiveStatistics = (logits: readonly number[], target: number): NaiveStatistics => {
  const highest = Math.max(...logits);
  const weights = logits.map((z) => Math.exp(z - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const logP = logits.map((z) => z - highest - Math.log(total));
  const p = weights.map((weight) => weight / total);
  const entropy = -p.reduce((sum, each, v) => sum + (each > 0 ? each * logP[v]! : 0), 0);
  const slope = p.map((each, v) => (v === target ? 1 : 0) - each);
  const bend = p.map((each, v) => (each > 0 ? -each * (logP[v]! + entropy) : 0));
  return { logProb: logP[target]!, entropy, slope, bend };
};
