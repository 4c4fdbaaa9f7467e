import type { Reward } from "@msrl/core";
import { tagged, toPromise } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { byHand, handClock, settle } from "../../test/clock.js";
import { judged } from "../../test/completions.js";
import { circuitBreaker } from "./circuitBreaker.js";
import { perCompletion } from "./perCompletion.js";

const batch = [judged("a", {}), judged("b", {})];

/** A server that is up or down, a breaker of 2 failures and 100 ms around it. */
const scene = () => {
  const clock = handClock();
  const server = { up: true, calls: 0 };
  const reward: Reward<unknown> = (items) => {
    server.calls++;
    return server.up ? TE.right(items.map(() => 1)) : TE.left(tagged("RewardError", "no server", { reward: "judge" }));
  };
  const breaker = circuitBreaker({ failures: 2, cooldown: 100, now: clock.now });
  const ask = async () => (await toPromise(breaker(reward).marks!(batch)))[1]!;
  return { clock, server, breaker, ask };
};

describe("circuitBreaker", () => {
  it("opens after so many failures in a row, fails at once, and tries again after the cooldown", async () => {
    const { clock, server, breaker, ask } = scene();
    expect(await ask()).toEqual({ value: 1 });
    server.up = false;
    expect(await ask()).toEqual({ value: null, failure: "no server" });
    expect(breaker.state()).toEqual({ phase: "closed", failures: 1 });
    await ask();
    expect(breaker.state()).toEqual({ phase: "open", failures: 2, until: 100 });
    await clock.pass(60);
    expect(await ask()).toEqual({ value: null, failure: "not asked: 2 calls in a row failed, next try in 40 ms" });
    expect(server.calls).toBe(3);
    await clock.pass(40);
    await ask();
    expect(server.calls).toBe(4);
    expect(breaker.state()).toEqual({ phase: "open", failures: 3, until: 200 });
    await clock.pass(100);
    server.up = true;
    expect(await ask()).toEqual({ value: 1 });
    expect(breaker.state()).toEqual({ phase: "closed", failures: 0 });
  });

  it("forgets failures once there is an answer, were it for one completion only", async () => {
    const { server, breaker, ask } = scene();
    const half = perCompletion("half", (text): number => {
      if (text === "a") throw new Error("not this one");
      return 1;
    });
    server.up = false;
    for (let turn = 0; turn < 4; turn++) {
      await ask();
      await toPromise(breaker(half).marks!(batch));
      expect(breaker.state()).toEqual({ phase: "closed", failures: 0 });
    }
    await toPromise(breaker(half)([]));
  });

  it("lets one call try while it is half open", async () => {
    const { clock, server, breaker, ask } = scene();
    server.up = false;
    await ask();
    await ask();
    await clock.pass(100);
    const answer = byHand<number>();
    const slow: Reward<unknown> = (items) => TE.fromTask(async () => items.map(() => 0).fill(await answer.promise));
    const trying = toPromise(breaker(slow)(batch));
    await settle();
    expect(breaker.state().phase).toBe("half-open");
    expect(await ask()).toEqual({ value: null, failure: "not asked: 2 calls in a row failed, another call is trying" });
    answer.resolve(5);
    expect(await trying).toEqual([5, 5]);
    expect(breaker.state()).toEqual({ phase: "closed", failures: 0 });
  });

  it("does not count calls that their caller gave up, nor those that end after it opened", async () => {
    const { clock, server, breaker, ask } = scene();
    const answer = byHand<number>();
    const slow: Reward<unknown> = (items) => TE.fromTask(async () => items.map(() => 0).fill(await answer.promise));
    const late = toPromise(breaker(slow)(batch));
    server.up = false;
    await ask();
    await ask();
    answer.resolve(1);
    await late;
    expect(breaker.state()).toMatchObject({ phase: "open", failures: 2 });
    await clock.pass(100);
    const gone: Reward<unknown> = () => TE.left(tagged("RewardError", "given up", { reward: "gone" }));
    const context = { step: 0, signal: AbortSignal.abort() };
    await toPromise(breaker(gone).marks!(batch, context));
    expect(breaker.state()).toEqual({ phase: "open", failures: 2, until: 100 });
    server.up = true;
    await ask();
    await toPromise(breaker(gone).marks!(batch, context));
    expect(breaker.state()).toEqual({ phase: "closed", failures: 0 });
  });

  it("refuses what cannot be", () => {
    expect(() => circuitBreaker({ failures: 0 } as never)).toThrow(
      /failures is 0.*\n.*now is not given, wanted a function/,
    );
  });
});
