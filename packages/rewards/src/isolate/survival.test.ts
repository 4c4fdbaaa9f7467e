import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { values } from "../../test/completions.js";
import { acting, marks } from "../../test/isolating.js";

describe("a completion that its worker does not survive", () => {
  const around = ["good", "", "better"];
  const fine = [{ value: 4 }, { value: 6 }];

  it.each(["loop", "regex", "wait", "program", "never"])(
    "overruns, by %s: it fails, the others do not",
    async (text) => {
      const failure = "no score within 600 ms: the worker was ended";
      expect(await marks(acting({ milliseconds: 600 }), "good", text, "better")).toEqual([
        fine[0],
        { value: null, failure },
        fine[1],
      ]);
    },
  );

  it.each([
    ["objects", /^the worker died by SIG(KILL|ABRT), as one does that takes more than 64 MiB$/],
    ["map", /more than 64 MiB$/],
    ["buffers", /more than 64 MiB$/],
    ["exit", /^the worker ended by itself, with code 3$/],
    ["kill", /^the worker died by SIGSEGV$/],
    ["uncaught", /^the worker died of an error that nobody caught: thrown$/],
  ])("ends it, by %s: it fails, the others do not", async (text, failure) => {
    expect(await marks(acting({ memoryMiB: 64 }), "good", text, "better")).toEqual([
      fine[0],
      { value: null, failure: expect.stringMatching(failure) },
      fine[1],
    ]);
  });

  it("leaves nothing behind for the next one", async () => {
    const reward = acting({ milliseconds: 300 });
    expect(await values(reward, ["later", "loopLater", ...around, "later"], {})).toEqual([7, 7, 4, 0, 6, 7]);
  });

  it("whatever the pattern, every other completion has the value it has alone", async () => {
    const alone = { good: 4, better: 6, later: 7, loop: null, exit: null, throw: null, uncaught: null };
    const text = fc.constantFrom(...(Object.keys(alone) as (keyof typeof alone)[]));
    const patterns = fc.tuple(fc.array(text, { maxLength: 5 }), fc.integer({ min: 1, max: 3 }));
    await fc.assert(
      fc.asyncProperty(patterns, async ([texts, workers]) => {
        const reward = acting({ workers, milliseconds: 800 });
        const found = await marks(reward, ...texts);
        reward.close();
        expect((found as readonly { value: unknown }[]).map(({ value }) => value)).toEqual(
          texts.map((each) => alone[each]),
        );
      }),
      { numRuns: 8, seed: 1 },
    );
  });
});
