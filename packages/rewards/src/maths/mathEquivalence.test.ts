import { describe, expect, it } from "vitest";
import { values } from "../../test/completions.js";
import { mathEquivalence } from "./mathEquivalence.js";
import { parseMaths } from "./parseMaths.js";
import { boxed, readMaths } from "./readMaths.js";
import { sameMaths } from "./sameMaths.js";

const same = (a: string, b: string): boolean | null => {
  const [x, y] = [parseMaths(a), parseMaths(b)];
  return x && y ? sameMaths(x, y) : null;
};

describe("the same", () => {
  it.each([
    ["1,000", "1000"],
    ["\\dfrac{1}{2}", "0.5"],
    ["\\frac12", "1/2"],
    ["1\\frac{1}{2}", "3/2"],
    ["\\sqrt8", "2\\sqrt{2}"],
    ["\\sqrt[3]{27}", "3"],
    ["2^{-3}", "0.125"],
    ["2^-3", "1/8"],
    ["e^{i\\pi}", "-1"],
    ["\\sin^2 x + \\cos^2 x", "1"],
    ["(x-1)(x+1)", "x^2-1"],
    ["(a+b)^3", "a^3 + 3a^2 b + 3ab^2 + b^3"],
    ["\\log_2 8", "3"],
    ["\\ln e^2", "2"],
    ["\\sin^{-1}(1)", "\\frac{\\pi}{2}"],
    ["x = 3", "3"],
    ["y=2x+1", "2x - y + 1 = 0"],
    ["x<3", "3 > x"],
    ["\\{1, 2, 2\\}", "\\{2,1\\}"],
    ["1, 2", "2 \\text{ and } 1"],
    ["x = \\pm 2", "2, -2"],
    ["\\left(1, \\frac12\\right)", "(1, 0.5)"],
    ["(-\\infty, 2) \\cup (3, \\infty)", "(3, \\infty)\\cup(-\\infty,2)"],
    ["x \\in [0, 1)", "[0,1)"],
    ["\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\\begin{bmatrix}1&2\\\\3&\\frac{8}{2}\\end{bmatrix}"],
    ["5\\text{ cm}", "5"],
    ["12 km/h", "12"],
    ["90^\\circ", "90"],
    ["\\$3.50", "7/2"],
    ["50\\%", "0.5"],
    ["50\\%", "50"],
    ["5!", "120"],
    ["\\binom{5}{2}", "10"],
    ["|-3|", "3"],
    ["\\lfloor 2.7 \\rfloor", "2"],
    ["x_1 + x_{1}", "2x_1"],
    ["2^{100}+1-1", "2^{100}"],
    ["\\text{(B)}", "B"],
    ["3²", "9"],
    ["2π", "2\\pi"],
    ["\\sqrt{x^2}", "|x|"],
    ["2|x|", "|2x|"],
    ["\\sqrt[3]{x}", "x^{1/3}"],
    ["\\sqrt[3]{x^3}", "x"],
    ["a^m a^n", "a^{m+n}"],
    ["f(x) = x^2 + 1", "x^2 + 1"],
    ["\\text{7}", "7"],
    ["\\text{10 dollars}", "10"],
    ["\\mathbf{7}", "7"],
    ["3\\!,\\!000", "3000"],
    ["\\varnothing", "\\{\\}"],
    ["∅", "\\emptyset"],
    ["5 \\ast 2", "10"],
    ["666666.6667", "\\frac{2000000}{3}"],
    ["x = 1, y = 2", "y = 2, x = 1"],
    ["x > 3", "(3, \\infty)"],
    ["5 \\ge x", "(-\\infty, 5]"],
    ["0 \\le x < 1", "[0, 1)"],
  ])("%s is %s", (a, b) => expect([same(a, b), same(b, a)]).toEqual([true, true]));
});

describe("not the same", () => {
  it.each([
    ["\\sqrt{x^2}", "x"],
    ["x+1", "x+2"],
    ["x", "y"],
    ["2^{100}+1", "2^{100}"],
    ["0.333", "1/3"],
    ["3.14159", "\\pi"],
    ["(1,2)", "(2,1)"],
    ["[0,1]", "(0,1)"],
    ["\\{1,2\\}", "\\{1,2,3\\}"],
    ["1, 2", "1"],
    ["x<3", "x>3"],
    ["y=2x+1", "y=2x+2"],
    ["\\text{red}", "\\text{blue}"],
    ["\\infty", "-\\infty"],
    ["1/0", "5"],
    ["(1,2)", "\\begin{pmatrix}1&2\\end{pmatrix}"],
    ["3", "-3"],
    ["100!", "99!"],
    ["|x| + |y|", "|x + y|"],
    ["x = 1, y = 2", "x = 2, y = 1"],
    ["12345678.0", "12345679"],
    ["123456789.1", "123456789.2"],
    ["\\emptyset", "\\{0\\}"],
    ["x > 3", "[3, \\infty)"],
    ["0 < x < 1", "(0, 2)"],
    ["x \\ne 3", "(3, \\infty)"],
  ])("%s is not %s", (a, b) => expect([same(a, b), same(b, a)]).toEqual([false, false]));
});

describe("no formula", () => {
  it.each([
    "",
    "forty two",
    "\\frac{1}",
    "(1",
    "1)",
    "2 +",
    "\\unknowncommand{3}",
    "x^{2",
    "1 2 \u0000",
    "\\begin{cases}1\\end{cases}",
  ])("%s", (text) => expect(parseMaths(text)).toBe(null));
});

describe("readMaths", () => {
  it("boxes with braces in them, the last one closed; several that agree", () => {
    expect(boxed("\\boxed{\\frac{1}{2}} and \\fbox{\\{1\\}} \\boxed{open")).toEqual(["\\frac{1}{2}", "\\{1\\}"]);
    expect(readMaths("\\boxed{1/2}, that is \\boxed{0.5}")).toBe("1/2");
    expect(readMaths("\\boxed{no formula here} \\boxed{no formula here}")).toBe("no formula here");
  });

  it("reads what another reader finds", async () => {
    const reward = mathEquivalence({ read: (text) => /<answer>(.*)<\/answer>/.exec(text)?.[1] ?? null });
    const texts = ["<answer>0.5</answer>", "<answer>2</answer>", "0.5", "<answer>?</answer>"];
    expect(await values(reward, texts, { answer: ["\\boxed{\\frac{1}{2}}", "$\\sqrt{4}$"] })).toEqual([1, 1, 0, 0]);
    expect(await values(reward, texts.slice(0, 1), { answer: "" })).toEqual([null]);
  });
});
