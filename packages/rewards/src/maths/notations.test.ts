import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMaths } from "./parseMaths.js";
import { sameMaths } from "./sameMaths.js";

const same = (a: string, b: string): boolean | null => {
  const [x, y] = [parseMaths(a), parseMaths(b)];
  return x && y ? sameMaths(x, y) : null;
};

describe("the same", () => {
  it.each([
    ["0.\\overline{3}", "1/3"],
    ["2.1\\overline{6}", "\\frac{13}{6}"],
    ["0.\\bar{3}", "\\frac13"],
    ["0.\\overline3", "\\frac13"],
    [".\\overline{142857}", "\\frac17"],
    ["3.\\overline{14}", "\\frac{311}{99}"],
    ["-0.\\overline{9}", "-1"],
    ["0.\\overline{3}", "0.3333333"],
    ["{5 \\choose 2}", "10"],
    ["\\left(n+1 \\choose 2\\right)", "\\binom{n+1}{2}"],
    ["\\frac{{5 \\choose 2}}{6 \\choose 3}", "\\frac12"],
    ["\\binom{n}{2}", "\\frac{n(n-1)}{2}"],
    ["\\binom{n}{k}", "{n \\choose n-k}"],
    ["\\binom{5}{7}", "0"],
    ["\\gcd(12,18)", "6"],
    ["\\gcd(12, 18, 27)", "3"],
    ["\\lcm(4,6)", "12"],
    ["\\operatorname{lcm}(4,6,10)", "60"],
    ["\\text{lcm}(4,6)", "12"],
    ["\\lcm(a,b)\\gcd(a,b)", "|ab|"],
    ["\\max(\\frac12,0.3)", "\\frac12"],
    ["\\max\\{3,7\\}", "7"],
    ["\\min(3,7,1)", "1"],
    ["\\max(x,-x)", "|x|"],
    ["\\sin 30^\\circ", "\\frac12"],
    ["\\cos(60^{\\circ})", "0.5"],
    ["\\cos 45\u00b0", "\\frac{\\sqrt2}{2}"],
    ["\\sin(90^\\circ - 30^\\circ)", "\\frac{\\sqrt3}{2}"],
    ["\\sin^2 30^{\\circ}", "\\frac14"],
    ["2\\sin 15\\degree\\cos 15^\\circ", "\\frac12"],
    ["\\cos 90^\\circ", "0"],
    ["\\sin\\pi", "0"],
    ["90^\\circ", "90"],
    ["3:4", "6:8"],
    ["3:4", "3 : 4"],
    ["1:2:3", "2:4:6"],
    ["\\frac12:\\frac13", "3:2"],
    ["\\sqrt2:2", "1:\\sqrt2"],
    ["a:b = 3:4", "3:4"],
    ["x:2x", "1:2"],
    ["0:1", "0:2"],
    ["10:30", "10:30"],
    ["10:30\\text{ a.m.}", "10:30 \\text{ AM}"],
    ["11111_2", "11111_{2}"],
    ["101_{\\text{two}}", "0101_2"],
    ["2A_{16}", "2A_{16}"],
    ["1.1_2", "1.10_2"],
    ["101_2 + 11_2", "1000_2"],
    ["12_{10}", "12"],
    ["\\mathbb{R}", "\\mathbb R"],
    ["\\mathbb{R}", "(-\\infty,\\infty)"],
    ["\\mathbb{R}^+", "(0,\\infty)"],
    ["\\mathbb{Z}^+", "\\mathbb{Z}^{+}"],
    ["x \\in \\mathbb{R} \\setminus \\{0\\}", "(-\\infty,0)\\cup(0,\\infty)"],
    ["\\mathbb{R} - \\{2,1\\}", "\\mathbb{R}\\backslash\\{1,2\\}"],
    ["[0,5]\\setminus\\{0,1,7\\}", "(0,1)\\cup(1,5]"],
    ["\\mathbb{Z}\\cup\\{\\frac12\\}", "\\{0.5\\}\\cup\\mathbb{Z}"],
    ["\\mathbb{R}\\setminus\\mathbb{Q}", "\\mathbb{R}\\setminus\\mathbb{Q}"],
    ["\\overline{AB}", "\\overline{AB}"],
    ["\\overline{AB} = 5", "5"],
    ["\\triangle ABC", "\\triangle BCA"],
    ["\\angle ABC", "\\angle CBA"],
    ["\\angle A", "\\angle{A}"],
    ["\\vec{v}", "\\overrightarrow{v}"],
    ["\\sum_{k=1}^{4} k^2", "30"],
    ["\\sum\\limits_{i=0}^3 2^i", "15"],
    ["\\sum^{4}_{k=1} k + 1", "11"],
    ["1 + \\sum_{k=1}^{3} k(k+1)", "21"],
    ["\\sum_{k=1}^{3} \\sum_{j=1}^{2} jk", "18"],
    ["\\sum_{k=0}^{4} \\binom{4}{k} x^k", "(1+x)^4"],
    ["\\sum_{k=1}^{3} a_k", "a_1+a_2+a_3"],
    ["\\sum_{k=1}^{1000} \\frac{1}{k(k+1)}", "\\frac{1000}{1001}"],
    ["\\sum_{k=0}^{500} \\binom{500}{k}", "2^{500}"],
    ["\\sum_{k=0}^{500} \\binom{500}{k}", "\\sum_{k=0}^{500} \\binom{500}{k}"],
    ["\\prod_{i=1}^{5} i", "120"],
  ])("%s is %s", (a, b) => expect([same(a, b), same(b, a)]).toEqual([true, true]));
});

describe("not the same", () => {
  it.each([
    ["0.\\overline{3}", "0.333"],
    ["90^\\circ", "\\frac{\\pi}{2}"],
    ["\\sin 30", "\\frac12"],
    ["\\tan 90^\\circ", "0"],
    ["3:4", "\\frac34"],
    ["3:4", "4:3"],
    ["3:4", "3:4:5"],
    ["0:0", "1:2"],
    ["10:30\\text{ a.m.}", "10:30\\text{ p.m.}"],
    ["11111_2", "11111_3"],
    ["11111_2", "11111"],
    ["11111_2", "31"],
    ["11111_2", "1F_{16}"],
    ["5_8", "5"],
    ["\\mathbb{R}", "\\mathbb{Z}"],
    ["\\mathbb{R}^2", "\\mathbb{R}"],
    ["\\mathbb{R}\\setminus\\mathbb{Q}", "\\mathbb{Q}\\setminus\\mathbb{R}"],
    ["\\mathbb{R}\\setminus\\{0\\}", "\\mathbb{R}"],
    ["\\overline{AB}", "\\overline{BA}"],
    ["\\overline{AB}", "AB"],
    ["\\triangle ABC", "\\triangle DEF"],
    ["\\angle ABC", "\\angle BAC"],
    ["\\bar{x}", "x"],
    ["\\sum_{k=1}^{4} k + 1", "14"],
    ["\\sum_{k=1}^{100} 2^k", "2^{101}"],
  ])("%s is not %s", (a, b) => expect([same(a, b), same(b, a)]).toEqual([false, false]));
});

describe("not read", () => {
  it.each([
    "\\overline{3}",
    "0.1\\overline{23}4",
    "0.\\overline{3",
    "\\gcd 12",
    "\\max",
    "3:",
    "3:4 < 1",
    "\\{x : x > 3\\}",
    "\\{x^2 : x \\in [0,1]\\}",
    "3_2",
    "3 - \\{1\\}",
    "\\triangle",
    "\\overline{AB",
    "\\sum_{k=1}^{n} k",
    "\\sum_{k=1}^{\\infty} 2^{-k}",
    "\\sum_{k=4}^{1} k",
    "\\sum_{k=1}^{1001} k",
    "\\sum_{k=1}^{4}",
    "\\sum_{k=1}^{3} a_{k+1}",
    "\\sum k",
    "\\int_0^1 x",
  ])("%s", (text) => expect(parseMaths(text)).toBe(null));
});

/** Digits of p / q by long division: those before the period, and the period. */
const divided = (p: number, q: number): readonly [string, string] => {
  const seen = new Map<number, number>();
  let digits = "";
  for (let rest = p % q; ; rest = (rest * 10) % q) {
    const start = seen.get(rest);
    if (start !== undefined) return [digits.slice(0, start), digits.slice(start)];
    seen.set(rest, digits.length);
    digits += Math.floor((rest * 10) / q);
  }
};

describe("laws", () => {
  it("a fraction is its digits with their period", () => {
    fc.assert(
      fc.property(fc.nat(9999), fc.integer({ min: 1, max: 400 }), (p, q) => {
        const [before, period] = divided(p, q);
        const text = `${Math.floor(p / q)}.${before}\\overline{${period}}`;
        expect([text, same(text, `\\frac{${p}}{${q}}`)]).toEqual([text, true]);
        expect(same(text, `\\frac{${p}}{${q}} + 10^{-30}`)).toBe(false);
      }),
    );
  });

  it("a sum is what a loop adds up, a product what it multiplies", () => {
    const whole = fc.integer({ min: -9, max: 9 });
    fc.assert(
      fc.property(whole, fc.nat(20), whole, whole, (from, more, a, b) => {
        let [sum, product] = [0n, 1n];
        for (let k = from; k <= from + more; k++) {
          sum += BigInt(a * k * k + b);
          product *= BigInt(a * k * k + b);
        }
        const range = `_{k=${from}}^{${from + more}} (${a} k^2 + (${b}))`;
        expect([same(`\\sum${range}`, `${sum}`), same(`\\prod${range}`, `${product}`)]).toEqual([true, true]);
      }),
    );
  });

  it("a number in a base is itself with zeros in front, and no other", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 2, max: 16 }), (n, base) => {
        fc.pre(base !== 10);
        const digits = n.toString(base).toUpperCase();
        const text = (of: string): string => `0${of}_{${base}}`;
        expect(same(text(digits), `0${text(digits)}`)).toBe(true);
        expect(same(text(digits), text((n + 1).toString(base).toUpperCase()))).toBe(false);
        expect(same(text(digits), `${n}`)).toBe(false);
      }),
    );
  });
});
