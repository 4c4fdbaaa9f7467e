import { key } from "@msrl/core";
import { openDevice } from "@msrl/core/session";
import { runStage } from "@msrl/stages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBackbone } from "./backbone.js";
import { studentStage, students } from "./compareCmkd.js";
import { compareConfidences } from "./compareConfidences.js";
import { loadData } from "./data.js";
import { fullSettings } from "./settings.js";
import { makeTraces } from "./traces.js";

const device = openDevice({ threads: 1 });
afterAll(async () => (await device).close());

const settings = { ...fullSettings.cmkd, samples: 8, steps: 1, batchSize: 4 };
let backbone: Awaited<ReturnType<typeof loadBackbone>>;
beforeAll(async () => {
  backbone = await loadBackbone(await device);
});

describe("compareConfidences", () => {
  it("judges the same candidates by every confidence", async () => {
    const { policy, state } = backbone;
    const rows = await compareConfidences({ policy, state }, settings, key(1));
    expect(rows.map(({ name }) => name)).toEqual([
      ...[
        "one candidate, drawn",
        "mean log-prob",
        "answer log-prob",
        "label probability",
        "label margin",
        "vote share",
        "rationale score",
      ],
      "mean log-prob, both orders",
    ]);
    for (const { samples, surest, kept, right, half, halfRight, separation } of rows) {
      expect(samples).toBe(8);
      for (const [part, whole] of [
        [surest, samples],
        [kept, samples],
        [right, kept],
        [half, kept],
        [halfRight, half],
      ])
        expect(part).toBeLessThanOrEqual(whole!);
      if (separation !== null) expect(separation * (1 - separation)).toBeGreaterThanOrEqual(0);
    }
  }, 60_000);
});

describe("studentStage", () => {
  it("makes every student of the same traces", async () => {
    const { policy, state } = backbone;
    const data = await loadData({ split: "dev", multimodal: 0, text: 0 });
    const traces = await makeTraces(policy, state, data, settings, key(2));
    for (const name of students) {
      const stage = studentStage(name, traces, data, settings, { policy, state });
      const { steps } = await runStage(stage, { policy, state, key: key(3) });
      const { loss, teacher_known: known } = steps[0]!.metrics;
      expect(Number.isFinite(loss)).toBe(true);
      if (name === "plain" || name === "weighted") expect(known).toBeUndefined();
      else expect(known! * (1 - known!)).toBeGreaterThan(0); // the trace, not the caption
    }
  }, 60_000);
});
