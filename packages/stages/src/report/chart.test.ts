import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { averageWindow, lineChart } from "./chart.js";

const options = { title: "Reward", width: 300, height: 150 };
const points = (values: readonly number[]) => values.map((value, at) => ({ step: at + 1, value }));

describe("lineChart", () => {
  it("draws dots and a line for each series, with round ticks", () => {
    const { markup } = lineChart({
      ...options,
      series: [
        { name: "a", colour: 0, points: points([0.5, 0.6, 0.9]) },
        { name: "b", colour: 1, points: points([0.1]) },
      ],
    });
    expect(markup.match(/class="line c0"/g)).toHaveLength(1);
    expect(markup.match(/class="dots c1"/g)).toHaveLength(1);
    expect([...markup.matchAll(/text-anchor="end">([^<]*)</g)].map((match) => match[1])).toEqual([
      "0",
      "0.5",
      "1",
      "3",
    ]);
  });

  it("writes shares in per cent, small numbers with an exponent", () => {
    const draw = (values: readonly number[], percent: boolean) =>
      lineChart({ ...options, percent, series: [{ name: "a", colour: 0, points: points(values) }] }).markup;
    expect(draw([0.46, 0.98], true)).toContain(">100%<");
    expect(draw([1e-4, 1e-3], false)).toContain(">5e-4<");
  });

  it("draws a schedule as it is", () => {
    const series = [{ name: "lr", colour: 0, points: points([0, 1, 2]) }];
    expect(lineChart({ ...options, series, smooth: false }).markup).not.toContain("dots");
  });

  it("says so if there is nothing to draw", () => {
    expect(
      lineChart({ ...options, series: [{ name: "a", colour: 0, points: points([Number.NaN]) }] }).markup,
    ).toContain("no values");
  });

  it("stays inside its frame, and small, whatever the values", () => {
    const value = fc.oneof(
      fc.double({ min: -1e9, max: 1e9 }),
      fc.double(),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), fc.boolean(), (values, percent) => {
        const { markup } = lineChart({
          ...options,
          percent,
          series: [{ name: "a", colour: 0, points: points(values) }],
        });
        expect(markup).not.toMatch(/NaN|Infinity|undefined/);
        for (const [, x, y] of markup.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) {
          expect(Number(x)).toBeGreaterThanOrEqual(0);
          expect(Number(x)).toBeLessThanOrEqual(options.width);
          expect(Number(y)).toBeGreaterThanOrEqual(0);
          expect(Number(y)).toBeLessThanOrEqual(options.height);
        }
      }),
    );
    const long = lineChart({
      ...options,
      series: [{ name: "a", colour: 0, points: points(Array.from({ length: 10_000 }, (_, at) => Math.sin(at))) }],
    });
    expect(long.markup.length).toBeLessThan(20_000);
  });

  it("averages over an odd number of steps", () => {
    expect([0, 15, 16, 60, 1000].map(averageWindow)).toEqual([1, 1, 3, 7, 125]);
  });
});
