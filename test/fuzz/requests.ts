// What the server's fuzzer sends.
import { hostileCompletion } from "@msrl/rewards/testing";
import fc from "fast-check";

/** A request of the fuzzer: whole ones have to be answered, broken ones must only do no harm. */
export type Request =
  | { readonly kind: "whole"; readonly path: string; readonly body: string; readonly type: string }
  | { readonly kind: "broken"; readonly bytes: string; readonly hold: number };

const field = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(null, -1, 1e308, "", "x".repeat(9000), [], {}, [[]], [null], [{}], new Array(300).fill("a")),
);
const fields = (...names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, field])), { requiredKeys: [] });
const text = fc.oneof(hostileCompletion(), fc.string({ unit: "binary", maxLength: 40 }));

const samples = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ completion: text, prompt: text, reference: fc.constant({ label: "A" }) }) },
    { weight: 1, arbitrary: fields("completion", "prompt", "reference", "images", "id", "tokenIds", "truncated") },
  ),
  { maxLength: 4 },
);
const bodies: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  "/score": fc.oneof(fc.record({ samples }), fields("samples", "step", "reward"), fc.jsonValue()),
  "/get_reward": fc.oneof(
    fc.record({
      query: fc.array(text, { maxLength: 2 }),
      prompts: fc.array(text, { maxLength: 2 }),
      labels: fc.array(field, { maxLength: 2 }),
    }),
    fields("query", "prompts", "labels"),
  ),
  "/v1/chat/completions": fc.oneof(
    fc.record({
      messages: fc.array(fc.record({ role: fc.constantFrom("system", "user", "assistant", "tool"), content: text }), {
        maxLength: 3,
      }),
      reference: field,
    }),
    fields("messages", "model", "reference", "n", "stream"),
  ),
  "/run_code": fields("code", "language", "run_timeout", "compile_timeout"),
  "/nothing": field,
};

/** JSON, now and then cut off or with a byte changed. */
const spoiled = (body: string, spoil: number): string =>
  spoil % 8 === 0
    ? body.slice(0, spoil % (body.length + 1))
    : spoil % 8 === 1
      ? body.replace(/["}\]]/, "\u0000")
      : body;

const whole: fc.Arbitrary<Request> = fc.constantFrom(...Object.keys(bodies)).chain((path) =>
  fc
    .tuple(
      bodies[path]!,
      fc.nat(10_000),
      fc.constantFrom("application/json", "application/json", "application/json", "text/plain", ""),
    )
    .map(
      ([body, spoil, type]): Request => ({
        kind: "whole",
        path,
        body: spoiled(JSON.stringify(body) ?? "", spoil),
        type,
      }),
    ),
);
const broken: fc.Arbitrary<Request> = fc
  .tuple(
    fc.constantFrom(
      'POST /score HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"samples":[',
      "GET",
      "\u0000\u0001\r\n\r\n",
      "POST /score HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      "",
    ),
    fc.string(),
    fc.nat(20),
  )
  .map(([head, tail, hold]): Request => ({ kind: "broken", bytes: head + tail, hold }));
/** Forty whole requests to a broken one. */
export const requests = fc.oneof({ weight: 40, arbitrary: whole }, { weight: 1, arbitrary: broken });
