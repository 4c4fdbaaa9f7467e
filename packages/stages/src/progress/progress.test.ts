import { describe, expect, it } from "vitest";
import { createProgress, type ProgressOptions } from "./progress.js";

/** A clock that the test moves, and all that was written. */
const scripted = (options: Partial<ProgressOptions> = {}) => {
  const clock = { at: 1000 };
  const written: string[] = [];
  const progress = createProgress({
    write: (text) => written.push(text),
    isTTY: false,
    now: () => clock.at,
    ...options,
  });
  return { clock, written, progress };
};

describe("createProgress", () => {
  it("prints a line every few seconds into a log", () => {
    const { clock, written, progress } = scripted();
    const line = progress.stage({ title: "SFT", total: 40, metrics: ["loss"] });
    for (let step = 1; step <= 40; step++) {
      clock.at += 500;
      line.step(step, { loss: 1 / step });
    }
    line.finish();
    expect(written).toEqual([
      "SFT 10/40 · loss 0.1 · 5.0s · 15s left\n",
      "SFT 20/40 · loss 0.05 · 10s · 10s left\n",
      "SFT 30/40 · loss 0.0333 · 15s · 5.0s left\n",
      "SFT 40/40 · loss 0.025 · 20s · 0.0s left\n",
      "✓ SFT · 40 steps · loss 0.025 · 20s\n",
    ]);
  });

  it("rewrites one line on a terminal, as often as it may", () => {
    let columns = 80;
    const { clock, written, progress } = scripted({ isTTY: true, columns: () => columns, everyMs: 100 });
    const line = progress.stage({ title: "SFT", total: 4 });
    clock.at += 50;
    line.step(1);
    clock.at += 50;
    line.step(2);
    columns = 30;
    clock.at += 100;
    line.tick();
    line.finish();
    const esc = "\u001b[K";
    expect(written).toEqual([
      `\rSFT              ──────────────────── 0/4 · 0.0s${esc}`,
      `\rSFT              ━━━━━━━━━━────────── 2/4 · 0.1s · 0.1s left${esc}`,
      `\rSFT              2/4 · 0.2s …${esc}`,
      `\r✗ SFT · stopped at 2/4 · 0.2s${esc}\n`,
    ]);
  });

  it("takes the pace of a resumed stage from its new steps", () => {
    const { clock, written, progress } = scripted({ everyMs: 0 });
    const line = progress.stage({ title: "SFT", total: 60, from: 50 });
    clock.at += 2000;
    line.step(51);
    expect(written).toEqual(["SFT 51/60 · 2.0s · 18s left\n"]);
  });

  it("lets others print above the line, and says its last word once", () => {
    const { written, progress } = scripted({ isTTY: true });
    const line = progress.stage({ title: "SFT", total: 0 });
    line.log("saved");
    line.finish();
    line.finish();
    line.tick();
    line.step(3);
    line.log("after");
    expect(written[1]).toBe("\r\u001b[Ksaved\n");
    expect(written[2]).toMatch(/^\rSFT/);
    expect(written.slice(3)).toEqual(["\r✓ SFT · 0 steps · 0.0s\u001b[K\n", "after\n"]);
  });
});
