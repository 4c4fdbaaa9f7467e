import { toPromise } from "@msrl/core";
import { expect, it } from "vitest";
import { judged, values } from "../../test/completions.js";
import { codeTests } from "./codeTests.js";

const url = "http://127.0.0.1:9/run_code";
const program = (code: string) => `So:\n\`\`\`python\n${code}\n\`\`\`\nDone.`;
const tests = [
  { stdin: "2", stdout: "4\n" },
  { stdin: "3", stdout: "6" },
];

/** A sandbox whose only programs double, square, loop, or fail. */
const sandbox = () => {
  const asked: Record<string, unknown>[] = [];
  const send: typeof fetch = async (_, init) => {
    const body = JSON.parse(String(init!.body));
    asked.push(body);
    const x = Number(body.stdin);
    const finished = (stdout: string) => ({
      status: "Success",
      run_result: { status: "Finished", stdout, return_code: 0 },
    });
    const answers: Record<string, object> = {
      double: finished(`${2 * x}\n\n`),
      square: finished(`${x * x}`),
      loop: { status: "Failed", run_result: { status: "TimeLimitExceeded", stdout: "", return_code: null } },
      crash: { status: "Failed", run_result: { status: "Finished", stdout: "4", return_code: 1 } },
      typo: { status: "Failed", compile_result: { return_code: 1 }, run_result: null },
      sick: { status: "SandboxError" },
      odd: { hello: "world" },
    };
    return body.code.trim() === "gone" ? new Response("", { status: 502 }) : Response.json(answers[body.code.trim()]);
  };
  return { send, asked };
};

it("passes programs that print what is wanted, and says why others do not", async () => {
  const { send, asked } = sandbox();
  const texts = [...["double", "square", "loop", "crash", "typo"].map(program), "no code", "```\nopen"];
  const marks = await toPromise(codeTests({ url, fetch: send }).marks!(texts.map((text) => judged(text, { tests }))));
  expect(marks.map(({ value }) => value)).toEqual([1, 0, 0, 0, 0, 0, 0]);
  expect(marks.map(({ reason }) => reason)).toEqual([
    "all 2 tests pass",
    "test 1 prints another result",
    "test 0 takes too long",
    "test 0 ends with 1",
    "test 0 does not compile",
    "no program",
    "no program",
  ]);
  expect(asked[0]).toMatchObject({
    code: "double\n",
    language: "python",
    stdin: "2",
    run_timeout: 10,
    memory_limit_MB: 512,
  });
});

it("gives the share of tests where it is asked to, and applies only where there are tests", async () => {
  const { send } = sandbox();
  const reward = codeTests({ url, fetch: send, partial: true });
  expect(await values(reward, [program("square"), program("double")], { tests })).toEqual([0.5, 1]);
  expect(await values(reward, [program("double")], {})).toEqual([null]);
});

it("a sandbox that is not well fails the completion and no other", async () => {
  const { send } = sandbox();
  const texts = ["sick", "gone", "odd", "double"].map(program);
  const marks = await toPromise(codeTests({ url, fetch: send }).marks!(texts.map((text) => judged(text, { tests }))));
  expect(marks.map(({ value, failure }) => failure !== undefined || value)).toEqual([true, true, true, 1]);
  expect(marks[1]!.failure).toContain("status 502");
  expect(() => codeTests({ url: "x", timeout: 0 })).toThrow(/url[\s\S]*timeout/);
});

it("reads the last closed block of several", async () => {
  const { send, asked } = sandbox();
  await values(codeTests({ url, fetch: send }), [`${program("square")}\n${program("double")}\n\`\`\`\nrest`], {
    tests,
  });
  expect(asked[0]!.code).toBe("double\n");
});
