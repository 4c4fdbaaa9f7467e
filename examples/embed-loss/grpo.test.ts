import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** GRPO over the example's numbers, loop by loop: a mean over completions of their token means. */
const naive = (logProbs: readonly number[]): number => {
  const old = [-1.0, -0.5, -1.2, -0.3, -1.7];
  const token = (at: number, advantage: number): number => {
    const ratio = Math.exp(logProbs[at]! - old[at]!);
    return -Math.min(ratio * advantage, Math.min(Math.max(ratio, 0.8), 1.28) * advantage);
  };
  return ((token(0, 0.6) + token(1, 0.6) + token(2, 0.6)) / 3 + (token(3, -0.6) + token(4, -0.6)) / 2) / 2;
};

const given = [-0.9, -0.4, -1.2, -0.3, -2.1];

it("gives the loss and its gradient by every token's log-prob", () => {
  const file = fileURLToPath(new URL("grpo.ts", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ["--conditions=msrl-source", "--import", "tsx", file], {
    encoding: "utf8",
    timeout: 120_000,
  });
  expect(stderr).toBe("");
  const { loss, gradient } = JSON.parse(stdout) as { loss: number; gradient: readonly number[] };
  expect(loss).toBeCloseTo(naive(given), 6);
  const step = 1e-4;
  const slope = (at: number): number => {
    const moved = (by: number) => naive(given.map((value, place) => (place === at ? value + by : value)));
    return (moved(step) - moved(-step)) / (2 * step);
  };
  for (const at of given.keys()) expect(gradient[at]).toBeCloseTo(slope(at), 5);
  expect(gradient[5]).toBe(0); // padding
});
