import type { FastifyReply, FastifyRequest } from "fastify";
import { bodyOf, textAt, wholeAt } from "./read.js";
import { refusal } from "./refusal.js";
import type { Scoring } from "./scoring.js";

/** Seconds that verl waits beyond both limits, and so may we. */
const graceSeconds = 10;

interface Passed {
  readonly status: number;
  readonly body: string;
}

const late = (): Passed | undefined => undefined;

/** SandboxFusion's `/run_code`, passed on to the sandbox that is configured; no code ever runs here. */
export const runCode = (scoring: Scoring) => async (request: FastifyRequest, reply: FastifyReply) => {
  const { sandbox, fetch } = scoring.options;
  if (sandbox === undefined) throw refusal(501, "NoSandbox", "no sandbox is configured here: msrl serve --sandbox URL");
  const body = bodyOf(request.body);
  textAt(body.code, "code");
  const limit =
    1000 *
    (wholeAt(body.compile_timeout, "compile_timeout", 10) +
      wholeAt(body.run_timeout, "run_timeout", 10) +
      graceSeconds);
  const url = /\/run_code\/?$/.test(new URL(sandbox).pathname) ? sandbox : `${sandbox.replace(/\/+$/, "")}/run_code`;
  const pass = async (ended: () => AbortSignal): Promise<Passed | undefined> => {
    const signal = ended();
    const time = AbortSignal.timeout(Math.min(limit, scoring.options.timeout));
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal, time]),
      });
      return { status: answer.status, body: await answer.text() };
    } catch (thrown) {
      if (time.aborted || signal.aborted) return undefined;
      const cause = (thrown as { readonly cause?: Error }).cause ?? (thrown as Error);
      throw refusal(502, "SandboxGone", `the sandbox does not answer: ${cause.message}`);
    }
  };
  const passed = await scoring.within(reply, pass, late);
  if (passed === undefined) throw refusal(504, "SandboxLate", "the sandbox gave no answer in time");
  return reply.code(passed.status).type("application/json").send(passed.body);
};
