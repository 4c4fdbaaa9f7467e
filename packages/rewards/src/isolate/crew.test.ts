import { toPromise } from "@msrl/core";
import { describe, expect, it } from "vitest";
import { judged, values } from "../../test/completions.js";
import { acting, marks } from "../../test/isolating.js";

describe("workers", () => {
  it("keep the order of the batch, however many they are", async () => {
    const texts = Array.from({ length: 60 }, (_, at) => "x".repeat((at * 7) % 31));
    const wanted = texts.map(({ length }) => length);
    for (const workers of [1, 3]) {
      const reward = acting({ workers });
      expect(await values(reward, texts, {})).toEqual(wanted);
      expect(await Promise.all([values(reward, texts, {}), values(reward, ["good"], {})])).toEqual([wanted, [4]]);
    }
  });

  it("judge a group together where it has to be", async () => {
    const batch = ["a", "a", "b"].map((text) => judged(text, {}));
    expect(await toPromise(acting({ export: "groupSize", keepGroups: true })(batch))).toEqual([2, 2, 1]);
    expect(await toPromise(acting({ export: "groupSize" })(batch))).toEqual([1, 1, 1]);
  });

  it("stop when nobody waits any more, and go on for those who do", async () => {
    const reward = acting();
    const stop = new AbortController();
    const stopped = toPromise(
      reward.marks!([judged("loop", {}), judged("good", {})], { step: 0, signal: stop.signal }),
    );
    setTimeout(() => stop.abort(), 300);
    const failure = "stopped before there was an answer";
    expect(await stopped).toEqual([
      { value: null, failure },
      { value: null, failure },
    ]);
    expect(await values(reward, ["good"], {})).toEqual([4]);
  });

  it("are ended by close", async () => {
    const reward = acting();
    const running = marks(reward, "loop", "good");
    setTimeout(() => reward.close(), 300);
    const gone = { value: null, failure: "the reward was closed" };
    expect(await running).toEqual([gone, gone]);
    expect(await marks(reward, "good")).toEqual([gone]);
    reward.close();
  });

  it("are in time though the program was too busy to read their answers", async () => {
    const reward = acting({ milliseconds: 300 });
    await values(reward, ["good"], {});
    let handle: NodeJS.Immediate;
    const block = (): void => {
      for (const end = performance.now() + 500; performance.now() < end; );
      handle = setImmediate(block); // after which timers come before answers
    };
    handle = setImmediate(block);
    expect(await values(reward, ["good", "", "better"], {})).toEqual([4, 0, 6]);
    clearImmediate(handle);
  });

  it("are not started for an empty batch", async () => {
    expect(await toPromise(acting({ module: "data:text/javascript,for(;;);" })([]))).toEqual([]);
  });
});
