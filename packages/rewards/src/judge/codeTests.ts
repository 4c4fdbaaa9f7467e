import type { Mark, Reward } from "@msrl/core";
import { above, address, checkOptions, flag, type Rules, text, wholeFrom } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { perCompletionTask } from "../compose/perCompletionTask.js";
import type { AnswerReader } from "../verifiable/answer.js";

/** One test of a program: what it reads, and what it has to print. */
export interface CodeTest {
  readonly stdin: string;
  /** Compared after line breaks at the end are taken away. */
  readonly stdout: string;
}

/** What a program is judged against; without tests the reward does not apply. */
export interface CodeReference {
  readonly tests?: readonly CodeTest[];
}

/** Settings of {@link codeTests}. */
export interface CodeTestsOptions {
  /** The sandbox's `/run_code`: SandboxFusion, or a server that speaks its language. */
  readonly url: string;
  /** The programming language, as the sandbox names it. */
  readonly language: string;
  /** Finds the program; by default the last fenced code block. */
  readonly read: AnswerReader;
  /** Whether the value is the share of passed tests, or 1 only if all pass. */
  readonly partial: boolean;
  /** Seconds that compiling and that running one test may take. */
  readonly timeout: number;
  /** Megabytes that a run may take. */
  readonly memory: number;
  /** Programs under test at a time, at most. */
  readonly concurrency: number;
  /** Sends a request; Node's own by default. */
  readonly fetch: typeof fetch;
}

/** The last closed code block of a text; linear. */
const lastBlock: AnswerReader = (text) => {
  const fences = [...text.matchAll(/^```.*$/gm)];
  const [open, close] = fences.slice(fences.length % 2 === 0 ? -2 : -3);
  return open && close ? text.slice(open.index + open[0].length + 1, close.index) : null;
};

/** Defaults of {@link codeTests}. */
export const codeTestsDefaults = {
  language: "python",
  read: lastBlock,
  partial: false,
  timeout: 10,
  memory: 512,
  concurrency: 4,
  fetch: (...given: Parameters<typeof fetch>) => fetch(...given),
} as const;

const rules: Rules<CodeTestsOptions> = {
  url: address,
  language: text,
  read: callable,
  partial: flag,
  timeout: above(0),
  memory: wholeFrom(1),
  concurrency: wholeFrom(1),
  fetch: callable,
};

interface Ran {
  readonly status?: unknown;
  readonly run_result?: { readonly status?: unknown; readonly stdout?: unknown; readonly return_code?: unknown } | null;
}

const trimmed = (output: string): string => output.replace(/[\r\n]+$/, "");

/** What one test came to: passed, or why not. A sandbox that is not well fails the completion and is no wrong answer. */
const outcomeOf = ({ status, run_result: result }: Ran, { stdout }: CodeTest): string | undefined => {
  if (status === "SandboxError") throw new Error("the sandbox failed to run the program");
  if (status !== "Success" && status !== "Failed") throw new Error(`the sandbox answers ${JSON.stringify(status)}`);
  if (!result) return "does not compile";
  if (result.status === "TimeLimitExceeded") return "takes too long";
  if (status === "Failed" || result.return_code !== 0) return `ends with ${result.return_code ?? result.status}`;
  return typeof result.stdout === "string" && trimmed(result.stdout) === trimmed(stdout)
    ? undefined
    : "prints another result";
};

/**
 * Whether a program passes its tests, run in a sandbox: 1 or 0, or the share of tests passed.
 *
 *     r = [all tests pass], or passed / tests with `partial`
 *
 * The client of a SandboxFusion-compatible `/run_code`; nothing runs here. A program that does not compile, takes too
 * long, ends with an error or prints something else fails the test. A sandbox that cannot be reached, or fails itself,
 * fails the completion instead, which is no wrong answer. Without a program: 0.
 *
 * SandboxFusion, https://bytedance.github.io/SandboxFusion; verl's `sandbox_fusion` scorer.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { codeTests } from "@msrl/rewards";
 * const sandbox = async () => Response.json({ status: "Success", run_result: { status: "Finished", stdout: "4\n", return_code: 0 } });
 * const reward = codeTests({ url: "http://127.0.0.1:8080/run_code", fetch: sandbox });
 * const completion = { text: "```python\nprint(2 * int(input()))\n```", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { tests: [{ stdin: "2", stdout: "4" }] } };
 * assert.deepStrictEqual(await toPromise(reward([judged])), [1]);
 * @since 0.1.0
 */
export const codeTests = (
  options: Partial<CodeTestsOptions> & Pick<CodeTestsOptions, "url">,
): Reward<CodeReference> => {
  const checked = checkOptions<CodeTestsOptions>("codeTests", rules, codeTestsDefaults, options);
  const { url, language, read, partial, timeout, memory, concurrency } = checked;
  const run = async (code: string, test: CodeTest, signal: AbortSignal): Promise<string | undefined> => {
    const body = {
      code,
      language,
      stdin: test.stdin,
      compile_timeout: timeout,
      run_timeout: timeout,
      memory_limit_MB: memory,
      files: {},
      fetch_files: [],
    };
    const limit = AbortSignal.timeout(1000 * (2 * timeout + 10));
    const response = await checked.fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, limit]),
    });
    if (!response.ok) throw new Error(`the sandbox at ${url} answers with status ${response.status}`);
    return outcomeOf((await response.json()) as Ran, test);
  };
  return perCompletionTask<CodeReference>(
    "codeTests",
    async ({ completion, reference: { tests = [] } }, { signal }): Promise<Mark> => {
      if (tests.length === 0) return { value: null };
      const code = read(completion.text);
      if (code === null || code.trim() === "") return { value: 0, reason: "no program" };
      const failures: string[] = [];
      for (const [at, test] of tests.entries()) {
        const problem = await run(code, test, signal);
        if (problem !== undefined) failures.push(`test ${at} ${problem}`);
        if (problem !== undefined && !partial) break;
      }
      const passed = tests.length - failures.length;
      const value = partial ? passed / tests.length : failures.length === 0 ? 1 : 0;
      return { value, reason: failures[0] ?? `all ${tests.length} tests pass` };
    },
    { concurrency },
  );
};
