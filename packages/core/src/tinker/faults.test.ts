import fc from "fast-check";
import * as E from "fp-ts/Either";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Fault, type TinkerServer, tinkerServer } from "../../test/tinkerServer.js";
import { toPromise } from "../errors.js";
import type { EngineAdam, EngineDatum } from "./client.js";
import type { EngineError } from "./engineError.js";
import { tinkerClient } from "./tinkerClient.js";

const adam: EngineAdam = { learningRate: 0, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradClipNorm: 0 };
const datum = (token: number): EngineDatum => ({
  input: [{ type: "text", tokens: [token] }],
  inputs: { target_tokens: Int32Array.of(1), weights: Float32Array.of(1) },
});

const passing: readonly Fault[] = [
  ...(["ok", "ok", "429", "408", "500", "503", "closed", "lost", "500 after", "cut", "garbage"] as const),
  ...(["forgotten", "nan", "short", "tryAgain"] as const),
];

/** What a caller asks for: passes of so many sequences, and steps; `wait`: for the results so far. */
const programs = fc.array(fc.constantFrom("pass 1", "pass 3", "step", "forward", "wait", "save"), { maxLength: 10 });
/** Faults that end; three broken readings of one answer are an error. */
const schedules = fc
  .array(fc.constantFrom(...passing), { maxLength: 40 })
  .map((faults) => faults.filter((fault, at) => !broken.has(fault) || at % 4 === 0));
const broken = new Set<Fault>(["nan", "short"]);

/** What a program applies to its model where nothing fails; a pass goes two sequences at a time. */
const wantedOf = (program: readonly string[]): readonly string[] =>
  program.flatMap((line, at) => {
    const token = at % 5;
    if (line === "step") return [`step ${at / 100}`];
    if (line === "pass 1") return [`cross_entropy ${token}`];
    return line === "pass 3" ? [`cross_entropy ${token} ${token}`, `cross_entropy ${token}`] : [];
  });

type Run = () => Promise<E.Either<EngineError, unknown>>;

/** Runs again what an engine that cannot be reached left open. */
const again =
  (run: Run): Run =>
  async () => {
    for (;;) {
      const found = await run();
      if (E.isRight(found) || found.left.kind !== "unreachable") return found;
    }
  };

/** Carries a program out, faults from its second request on; what was applied to the model, and the first error. */
const carriedOut = async (
  server: TinkerServer,
  program: readonly string[],
  faults: readonly Fault[],
  attempts: number,
) => {
  const sleep = () => new Promise<void>((done) => setImmediate(done));
  const client = tinkerClient({ url: server.url, attempts, batch: 2, sleep, every: () => () => {} });
  const model = await toPromise(client.createModel({ baseModel: "bigram", rank: 4 }));
  server.faults.push(...faults);
  const waiting: Run[] = [];
  let failed: EngineError | undefined;
  const settle = async () => {
    for (const found of await Promise.all(waiting.splice(0).map((run) => again(run)())))
      if (E.isLeft(found)) failed ??= found.left;
  };
  for (const [at, line] of program.entries()) {
    const data = Array.from({ length: line === "pass 3" ? 3 : 1 }, () => datum(at % 5));
    const pending: E.Either<EngineError, { readonly result: Run }> | undefined = line.startsWith("pass")
      ? await client.forwardBackward(model, data, { name: "cross_entropy" })()
      : line === "step"
        ? await client.optimStep(model, { ...adam, learningRate: at / 100 })()
        : undefined;
    if (pending) waiting.push(E.isRight(pending) ? pending.right.result : async () => pending);
    else if (line === "forward") waiting.push(client.forward(model, data));
    else if (line === "save") waiting.push(client.saveWeights(model, `at-${at}`));
    else await settle();
  }
  await settle();
  server.faults.length = 0;
  await toPromise(client.close());
  const applied = server.engine.applied.filter((one) => one.model === model.id).map(({ what }) => what);
  return { applied, failed };
};

const servers: Record<string, TinkerServer> = {};
beforeAll(async () => {
  servers.both = await tinkerServer();
  servers.json = await tinkerServer({ wires: "json", savesNumbered: false });
  servers.protobuf = await tinkerServer({ wires: "protobuf", savesNumbered: false });
  servers.unnumbered = await tinkerServer({ wires: "json", numbered: false, savesNumbered: false });
});
afterAll(() => Promise.all(Object.values(servers).map(({ close }) => close())));

describe("for every schedule of faults", () => {
  const law = (
    name: string,
    faults: fc.Arbitrary<readonly Fault[]>,
    attempts: number,
    holds: (wanted: readonly string[], ran: Awaited<ReturnType<typeof carriedOut>>) => void,
  ) =>
    fc.assert(
      fc.asyncProperty(programs, faults, async (program, faults) =>
        holds(wantedOf(program), await carriedOut(servers[name]!, program, faults, attempts)),
      ),
      { numRuns: 12 },
    );

  it.each(["both", "json", "protobuf"])("what is applied is what was asked for, in order, once (%s)", (name) =>
    law(name, schedules, 50, (wanted, ran) => {
      expect(ran).toEqual({ applied: wanted, failed: undefined });
    }),
  );

  it("what was unreachable is run again and applied once", () =>
    law("both", schedules, 1, (wanted, ran) => {
      expect(ran).toEqual({ applied: wanted, failed: undefined });
    }));

  it("an error for good leaves what was asked for up to there, and nothing twice", () =>
    law("protobuf", fc.array(fc.constantFrom(...passing), { maxLength: 40 }), 3, (wanted, { applied, failed }) => {
      expect(applied).toEqual(wanted.slice(0, applied.length));
      if (failed === undefined) expect(applied).toEqual(wanted);
    }));

  it("an engine that does not know repeated requests is never sent one that may have been applied", () =>
    law("unnumbered", schedules, 5, (wanted, { applied, failed }) => {
      expect(applied).toEqual(wanted.slice(0, applied.length));
      if (failed === undefined) expect(applied).toEqual(wanted);
      else expect(["lost", "badAnswer", "failed", "refused"]).toContain(failed.kind);
    }));
});
