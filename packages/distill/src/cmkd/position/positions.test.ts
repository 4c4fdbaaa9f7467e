import type { Prompt } from "@msrl/core";
import { describe, expect, it } from "vitest";
import { other } from "../../../test/candidates.js";
import { optionsOf, sampleOf } from "../../../test/cmkdSamples.js";
import type { TextsOf } from "../../../test/scriptedTeacher.js";
import { written } from "../../../test/written.js";
import { cmkd, swapTrace } from "../../index.js";

describe("cmkd with both positions", () => {
  it("shows half of the candidates A and B exchanged, and maps them back", async () => {
    const textsOf = ({ messages }: Prompt) => [
      messages[0]!.content[0]!.type === "text" && messages[0]!.content[0]!.text === "swapped"
        ? written("B", "Image B shows it")
        : written("A", "Image A shows it"),
    ];
    const made = await cmkd({ ...optionsOf(textsOf), positions: "both" })([sampleOf("s1")]);
    expect(made.examples[0]).toMatchObject({ pseudoLabel: "A", provenance: { votes: { A: 4, B: 0, unreadable: 0 } } });
    expect(made.records[0]!.candidates.map(({ swapped }) => swapped)).toEqual([false, false, true, true]);
  });

  it("cancels a teacher that always takes the first", async () => {
    const made = await cmkd({ ...optionsOf(() => [written("A")]), positions: "both" })([sampleOf("s1", "A")]);
    expect(made.dropped[0]).toMatchObject({ reason: "tie", vote: { votes: { A: 2, B: 2, unreadable: 0 } } });
  });

  it("counts the vote of a trace that cannot be mapped back, but does not choose it", async () => {
    const textsOf = ({ messages }: Prompt) =>
      JSON.stringify(messages).includes("swapped") ? [written("B", "The second is right")] : ["<answer>A</answer>"];
    const made = await cmkd({ ...optionsOf(textsOf), positions: "both" })([sampleOf("s1")]);
    expect(made.dropped[0]).toMatchObject({ reason: "format", vote: { votes: { A: 4, B: 0, unreadable: 0 } } });
  });

  it("swaps its result when A and B are exchanged everywhere", async () => {
    const texts = [written("A", "one"), written("B", "two"), written("B", "three"), "<answer>A</answer>", "?"];
    const swapAll = swapTrace({ letters: "every" });
    // What the teacher says of a pair hangs on the pair alone: the other order of the other order is the given one.
    const teacher =
      (mirrored: boolean): TextsOf =>
      ({ id, messages }) => {
        const seen = JSON.stringify(messages).includes("swapped") !== mirrored;
        const own = texts[(Number(id.slice(1)) * 7 + (seen ? 3 : 0)) % texts.length]!;
        return [own];
      };
    const samples = Array.from({ length: 10 }, (_, at) => sampleOf(`s${at}`, at % 3 === 0 ? "A" : "B"));
    const run = (mirrored: boolean) =>
      cmkd({ ...optionsOf(teacher(mirrored)), positions: "both", swap: swapAll, ties: "label" })(
        mirrored ? samples.map((sample) => ({ ...sample, label: other(sample.label!) })) : samples,
      );
    const [plain, mirror] = [await run(false), await run(true)];
    expect(mirror.table).toEqual(plain.table);
    expect(mirror.examples.map(({ prompt, pseudoLabel }) => [prompt.id, pseudoLabel])).toEqual(
      plain.examples.map(({ prompt, pseudoLabel }) => [prompt.id, other(pseudoLabel)]),
    );
    expect(mirror.examples.map(({ provenance: { votes } }) => votes)).toEqual(
      plain.examples.map(({ provenance: { votes } }) => ({ ...votes, A: votes.B, B: votes.A })),
    );
    expect(plain.examples.length).toBeGreaterThan(2);
  });
});
