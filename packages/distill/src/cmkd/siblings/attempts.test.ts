import { key, type Label, tagged } from "@msrl/core";
import fc from "fast-check";
import * as TE from "fp-ts/TaskEither";
import { describe, expect, it } from "vitest";
import { candidates, hasFormat, readVerdict } from "../../../test/candidates.js";
import { scriptedTeacher } from "../../../test/scriptedTeacher.js";
import { promptOf, rulesOfTrace, sampling, written } from "../../../test/written.js";
import { attempts, difficultyOf } from "../../index.js";

describe("attempts", () => {
  it("asks again only what is open, and tells the first right try", async () => {
    const calls: string[] = [];
    const turns: Record<string, number> = {};
    const script: Readonly<Record<string, readonly string[]>> = {
      easy: [written("A")],
      hard: [written("B"), "<answer>A</answer>", written("A")],
      never: [written("B"), "?", ""],
    };
    const policy = scriptedTeacher(
      ({ id }) => {
        const turn = turns[id] ?? 0;
        turns[id] = turn + 1;
        return [script[id]![turn]!];
      },
      (_, ids) => calls.push(ids.join(" ")),
    );
    const attempt = attempts({ ...rulesOfTrace, teacher: { policy, state: null }, sampling, key: key(1) });
    const samples = ["easy", "hard", "never"].map((id) => ({ prompt: promptOf(id), label: "A" as const }));
    const made = await attempt(samples);
    expect(calls).toEqual(["easy hard never", "hard never", "hard never"]);
    expect(made.map(({ difficulty, trace: right }) => [difficulty, right?.text])).toEqual([
      [1, written("A")],
      [3, written("A")],
      [null, undefined],
    ]);
    expect(made.map(({ tries }) => tries.length)).toEqual([1, 3, 3]);
    expect(await attempt([])).toEqual([]);
  });

  it("says of any tries the first that is right", () => {
    fc.assert(
      fc.property(candidates, fc.constantFrom<Label>("A", "B"), (tries, label) => {
        const right = tries.map(({ text }) => hasFormat(text) && readVerdict(text) === label);
        const wanted = right.includes(true) ? right.indexOf(true) + 1 : null;
        expect(difficultyOf(rulesOfTrace)(tries, label)).toBe(wanted);
      }),
    );
  });

  it("hands on the teacher's error, and names a number of tries that cannot be", async () => {
    const error = tagged("PolicyFailed", "gone", { policy: "p" });
    const policy = { ...scriptedTeacher(() => []), sample: () => TE.left(error) };
    const options = { ...rulesOfTrace, teacher: { policy, state: null }, sampling, key: key(1) };
    await expect(attempts(options)([{ prompt: promptOf("s1"), label: "A" }])).rejects.toBe(error);
    expect(() => attempts({ ...options, tries: 0 })).toThrow(/tries is 0/);
  });
});
