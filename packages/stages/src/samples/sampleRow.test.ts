import { describe, expect, it } from "vitest";
import { readRow } from "./sampleRow.js";

const row = (fields: object = {}) => ({ task_type: "text", query: "q", responses: ["a", "b"], ...fields });

describe("a row", () => {
  it("gives the sample with its media by path", () => {
    const { row: read, problems } = readRow(row({ images: ["a.png"], captions: ["a fox"], label: "B" }));
    expect(problems).toEqual([]);
    expect(read).toStrictEqual({
      task: "text",
      query: "q",
      context: [{ kind: "image", paths: ["a.png"], field: "images[0]", caption: "a fox" }],
      responses: ["a", "b"],
      label: "B",
    });
  });

  it("tells everything that is wrong with it", () => {
    const { row: read, problems } = readRow({ task: "audio", label: 1, images: {} });
    expect(read).toBeUndefined();
    expect(problems.map(({ field }) => field)).toEqual(["task", "label", "query", "images", "responses"]);
  });

  it("cuts long values short", () => {
    expect(readRow(row({ label: "x".repeat(1000) })).problems[0]!.problem.length).toBeLessThan(100);
  });

  it.each<[unknown, readonly string[]]>([
    [[1], ["the row is [1], wanted a JSON object"]],
    [row({ label: "" }), ['label is "", wanted "A" or "B"']],
    [row({ label: "A", solution: "B" }), ['solution is "B", but label is "A"']],
    [row({ task_type: "audio" }), ['task_type is "audio", wanted "text" or "image_understanding"']],
    [row({ query: 3 }), ["query is 3, wanted text"]],
    [row({ id: {} }), ["id is {}, wanted text"]],
    [row({ responses: ["a"] }), ['responses is ["a"], wanted two answers [A, B]']],
    [row({ responses: ["a", 2] }), ['responses[1] is 2, wanted {"image": path} or {"video": [paths]}']],
    [row({ responses: ["a", { image: 2 }] }), ["responses[1].image is 2, wanted a path"]],
    [row({ images: "1.png" }), ['images is "1.png", wanted a list']],
    [row({ image: "1.png" }), ["image is not a field, wanted images (a list)"]],
    [row({ images: [""] }), ['images[0] is "", wanted a path']],
    [row({ videos: [[1]] }), ["videos[0] is [1], wanted the paths of its frames or the path of an animation"]],
    [row({ images: ["1.png"], captions: ["a", "b"] }), ["captions has 2 captions for 1 media"]],
    [row({ images: ["1.png"], captions: [4] }), ["captions[0] is 4, wanted text or null"]],
    [row({ images: [null] }), ["images[0] has neither pictures nor a caption"]],
    [3, ["the row is 3, wanted a JSON object"]],
    [null, ["the row is null, wanted a JSON object"]],
  ])("%j is refused", (bad, messages) => {
    const { row: read, problems } = readRow(bad);
    expect(read).toBeUndefined();
    const told = problems.map(({ field, problem }) => `${field ?? "the row"} ${problem}`).join("\n");
    for (const message of messages) expect(told).toContain(message);
  });
});
