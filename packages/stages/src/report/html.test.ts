import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyReport } from "./empty-report.js";
import { renderReport } from "./html.js";
import type { Report } from "./report.js";

const steps = [1, 2, 3].map((step) => ({ step, metrics: { reward: step, loss: 1 / step, "odd one": Number.NaN } }));
const pixels = { width: 1, height: 1, data: Uint8Array.of(255, 0, 0) };

/** A report in which every text that a user or a model can choose is `text`. */
const reportOf = (text: string): Report => ({
  ...emptyReport(text),
  description: text,
  created: text,
  configuration: { [text]: { [text]: [text, 1, null] } },
  versions: { node: text, packages: { [text]: text } },
  machine: { [text]: text },
  stages: [{ name: "a", title: text, kind: text, seconds: 4, summary: { [text]: 1 }, steps }],
  evaluations: [
    {
      after: "base",
      name: text,
      accuracy: 0.5,
      count: 10,
      byTask: { [text]: { accuracy: 1, count: 1 } },
      extra: { [text]: 1 },
    },
    { after: "a", name: text, accuracy: 0.75, count: 10, byTask: {}, extra: {} },
  ],
  comparisons: [{ label: text, accuracy: 0.5, standardError: 0.1, note: text }],
  samples: [
    {
      id: text,
      task: text,
      promptText: text,
      completion: text,
      label: text,
      verdict: text,
      images: [{ caption: text, pixels: [pixels, pixels] }],
    },
  ],
  yields: [{ title: text, rows: [{ label: text, values: { [text]: 3 } }], note: text }],
  notes: [text],
  panels: [{ title: text, metrics: ["reward", "loss"] }],
});

/** Names of all elements and attributes of a page. */
const structure = (page: string): readonly string[] =>
  [...page.matchAll(/<(\/?[a-z!][a-z0-9]*)((?:\s+[a-zA-Z-]+(?:="[^"]*")?)*)\s*\/?>/g)].map(
    ([, name, attributes]) =>
      `${name}${[...attributes!.matchAll(/\s([a-zA-Z-]+)(?:="[^"]*")?/g)].map((each) => each[1]).join()}`,
  );

const count = (page: string, character: string) => page.split(character).length;

describe("renderReport", () => {
  it("shows every part", () => {
    const page = renderReport(reportOf("words"));
    for (const title of [
      "Accuracy after every stage",
      "Comparison",
      "Training",
      "Sample judgements",
      "Yields",
      "Notes",
    ])
      expect(page).toContain(`<h2>${title}</h2>`);
    expect(page).toContain("from 50.0\u00a0%, +25.0 points");
    expect(page).toContain("✓ verdict words: right");
    expect(page.match(/src="data:image\/png;base64,[A-Za-z0-9+/=]+" width="96" height="96"/g)).toHaveLength(2);
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });

  it.each([
    "</div></article><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style><style>body{display:none}</style>",
    "<!-- <think> --> <![CDATA[ </think>",
    "&lt;script&gt;",
  ])("is the same page to a browser with a hostile text: %s", (text) => {
    const page = renderReport(reportOf(text));
    const harmless = renderReport(reportOf(text.replace(/[<>"'&]/g, "x")));
    const plain = (markup: readonly string[]) => markup.filter((each) => !/^\/?(b|span|div)/.test(each));
    expect(plain(structure(page))).toEqual(plain(structure(harmless)));
    expect(page).not.toContain(text);
  });

  it("has balanced brackets and quotes whatever the text", () => {
    const fixed = renderReport(reportOf("x"));
    const balance = (page: string) => count(page, "<") - count(page, ">");
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("<", ">", '"', "'", "&", "a", " ", "\u0000", "/") }), (text) => {
        const page = renderReport(reportOf(text));
        expect(balance(page)).toBe(balance(fixed));
        expect(page).not.toContain("\u0000");
      }),
      { numRuns: 50 },
    );
  });

  it("asks the network for nothing and runs nothing", () => {
    const page = renderReport(reportOf("words"));
    expect(page).not.toMatch(/https?:|<script|<link|@import|url\(|javascript:/);
    expect(page).toContain("default-src &#39;none&#39;");
  });

  it("shows shares in per cent, unless they are none", () => {
    const stage = (values: readonly number[]) => {
      const steps = values.map((value, step) => ({ step, metrics: { "reward/accuracy": value } }));
      return {
        ...emptyReport("run"),
        stages: [{ name: "a", title: "A", kind: "grpo", seconds: 1, summary: {}, steps }],
      };
    };
    expect(renderReport(stage([0.5, 1]))).toContain("<b>100.0\u00a0%</b>");
    expect(renderReport(stage([-1, 1]))).not.toContain("%</b>");
  });

  it("leaves out what a report does not have", () => {
    const page = renderReport(emptyReport("empty"));
    expect(page).not.toContain("<h2>");
    expect(page).toContain("<h1>empty</h1>");
  });

  it("marks a wrong verdict, and one that could not be read", () => {
    const [sample] = reportOf("x").samples;
    const { verdict: _, ...unread } = sample!;
    const page = renderReport({ ...emptyReport("run"), samples: [{ ...sample!, label: "A", verdict: "B" }, unread] });
    expect(page).toContain("✗ verdict B: wrong");
    expect(page).toContain("✗ no verdict could be read");
  });
});
