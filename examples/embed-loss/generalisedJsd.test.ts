import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const softmax = (logits: readonly number[]): readonly number[] => {
  const weights = logits.map((x) => Math.exp(x / 2)); // temperature 2
  const total = weights.reduce((sum, x) => sum + x, 0);
  return weights.map((x) => x / total);
};

/** The Jensen-Shannon divergence at the example's only token that counts. */
const naive = (studentLogits: readonly number[]): number => {
  const [s, t] = [softmax(studentLogits), softmax([1.5, 0.3, -0.9])];
  const half = (p: readonly number[]): number =>
    p.reduce((sum, x, v) => sum + 0.5 * x * Math.log(x / (0.5 * s[v]! + 0.5 * t[v]!)), 0);
  return half(s) + half(t);
};

const given = [0.2, 1.1, -0.4];

it("gives the loss and its gradient by every logit", () => {
  const file = fileURLToPath(new URL("generalisedJsd.ts", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ["--conditions=msrl-source", "--import", "tsx", file], {
    encoding: "utf8",
    timeout: 120_000,
  });
  expect(stderr).toBe("");
  const { loss, gradient } = JSON.parse(stdout) as { loss: number; gradient: readonly number[] };
  expect(loss).toBeCloseTo(naive(given), 6);
  const step = 1e-4;
  for (const at of given.keys()) {
    const moved = (by: number) => naive(given.map((value, place) => (place === at ? value + by : value)));
    expect(gradient[at]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 6);
  }
  expect(gradient.slice(3)).toEqual([0, 0, 0]); // padding
});
