import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { values } from "../../test/completions.js";
import { mathEquivalence } from "./mathEquivalence.js";
import { parseMaths } from "./parseMaths.js";
import { sameMaths } from "./sameMaths.js";

const same = (a: string, b: string): boolean | null => {
  const [x, y] = [parseMaths(a), parseMaths(b)];
  return x && y ? sameMaths(x, y) : null;
};

/** Notations that say much in few letters. */
const hostileNotations = [
  "\\sum_{k=1}^{10^9} k",
  "\\sum_{k=1}^{9^{9^{9^9}}} k",
  `${"\\sum_{k=1}^{2}".repeat(60)}k`,
  `${"\\sum_{k=1}^{2}".repeat(50)}x`,
  `${"\\sum_{k=1}^{1000}".repeat(5)}k`,
  `${[..."abcdfghjklmn"].map((index) => `\\sum_{${index}=1}^{2}`).join("")}xa`,
  "\\sum_{k=1}^{1000} \\frac{1}{k(k+1)}",
  "\\sum_{k=1}^{1000} x^k",
  "\\sum_{k=1}^{400} \\frac{x^k}{y^k}",
  "\\sum_{k=1}^{1000} \\frac{3^{999+k}}{7^{k-1}}",
  "\\sum_{k=1}^{700} 3^{999}/7^{700}/(k+1/11^{500})",
  "\\sum_{k=1}^{1000} \\gcd(3^{1000}+k,7^{700}+k)",
  "\\sum_{k=1}^{1000} \\sqrt[16]{(k+9)^{15}}",
  "\\sum_{k=0}^{999} \\binom{500}{250+k-k}",
  `\\gcd(${"3^{999}*5,7^{700}*5,".repeat(20)}1)`,
  `0.\\overline{${"142857".repeat(160)}}`,
  `0.\\overline{${"3".repeat(900)}`,
  `\\overline{${"A".repeat(900)}`,
  "1A".repeat(490),
  `${"Z1Z_{36}+".repeat(100)}1`,
  `${"x^{40}/y^{41}+1:".repeat(40)}1`,
  `${"\\mathbb{R}\\setminus\\{1,2,3\\},".repeat(30)}1`,
  `\\mathbb{R}\\setminus\\{${"3^{999}/7^{700},".repeat(49)}1\\}`,
  `${"x\\choose ".repeat(90)}x`,
  `${"\\sin 30^\\circ+".repeat(60)}x`,
];

describe("total and bounded", () => {
  const pieces = [
    "\\frac",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "^",
    "_",
    "1",
    "23",
    ".",
    ",",
    "x",
    "\\sqrt",
    "+",
    "-",
    "*",
    "/",
    "=",
    "\\{",
    "\\}",
    "!",
    "%",
    "\\pi",
    "\\sin",
    "\\log",
    "\\text{m}",
    "|",
    "\\begin{pmatrix}",
    "\\end{pmatrix}",
    "&",
    "\\\\",
    "\\boxed{",
    "$",
    "\\cup",
    "\\pm",
    "e",
    "i",
    "\\infty",
    " ",
    ":",
    "_2",
    "\\overline{3}",
    "\\sum_{k=1}^{3}",
    "k",
    "^\\circ",
    "\\choose ",
    "\\gcd(",
    "\\mathbb{R}",
    "\\setminus",
    "\\angle A",
  ];
  const formula = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((each) => each.join(""));

  it("every text has a value, and equals itself where it is a formula with a value", () => {
    fc.assert(
      fc.property(formula, formula, (a, b) => {
        expect([true, false, null]).toContain(same(a, b));
        expect(same(a, b)).toBe(same(b, a));
      }),
      { numRuns: 2000 },
    );
  });

  it("arithmetic is that of the numbers", () => {
    const whole = fc.integer({ min: -99, max: 99 });
    fc.assert(
      fc.property(whole, whole, whole, (a, b, c) => {
        fc.pre(c !== 0);
        expect(
          same(`(${a}) + \\frac{${b}}{${c}} \\cdot ${Math.abs(a)}`, `\\frac{${a * c + b * Math.abs(a)}}{${c}}`),
        ).toBe(true);
        expect(same(`(x ${a < 0 ? a : `+${a}`})(x - (${b}))`, `x^2 + (${a - b}) x - (${a * b})`)).toBe(true);
      }),
    );
  });

  it("no text of its length runs on: towers, deep nesting, long sums, many boxes", () => {
    const hostile = [
      "9^{9^{9^{9^9}}}",
      "2^{10^8}",
      "(10^{10})!",
      `${"(".repeat(400)}1${")".repeat(400)}`,
      `${"\\frac{".repeat(150)}1`,
      `${"x+".repeat(499)}x`,
      `\\{${"1,".repeat(40)}1\\}`,
      `${"170!*".repeat(190)}1`,
      `${"\\sqrt{".repeat(55)}x${"}".repeat(55)}`,
      `3^{1200}/7^{700}${"+1/2".repeat(240)}`,
      `1${"*3^{999}/7^{700}*7^{700}/3^{999}".repeat(31)}`,
      `1${"*x^{99}/y^{99}*y^{99}/x^{99}".repeat(35)}`,
      `${"x^{400}/y^{401}+1/0,".repeat(48)}x`,
      `${"170!/169!+".repeat(98)}1`,
      `${"x/0=y/0,".repeat(48)}x=y`,
      ...hostileNotations,
    ];
    for (const text of hostile) for (const other of ["1", "x = 1/0", "x, y"]) same(text, other);
    // A hostile one took minutes before fractions were bounded and values kept: some 20 ms are usual.
    const start = performance.now();
    for (const text of hostile) same(text, text);
    expect(performance.now() - start).toBeLessThan(3000);
    const reward = mathEquivalence();
    const texts = [
      ...hostile.map((text) => `\\boxed{${text}}`),
      "\\boxed{".repeat(150_000),
      "\\boxed{1}".repeat(100_000),
      "final answer is $".repeat(60_000),
      "\\boxed{\\overline{".repeat(60_000),
      `\\boxed{${"0.\\overline{3}".repeat(70_000)}}`,
      Array.from({ length: 50 }, (_, at) => `\\boxed{\\sum_{k=1}^{${1000 - at}} k^2}`).join(""),
    ];
    return expect(values(reward, texts, { answer: "\\{1\\}" })).resolves.toHaveLength(texts.length);
  }, 20_000);
});
