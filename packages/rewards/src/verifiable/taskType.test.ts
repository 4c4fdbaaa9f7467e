import { describe, expect, it } from "vitest";
import { values } from "../../test/completions.js";
import { taskType } from "./taskType.js";

describe("taskType", () => {
  it.each([
    ["<type>image_generation</type>", 1],
    ["<type> Image-Generation\n</type><think>x</think>", 1],
    ["<type>IMAGE GENERATION</type>", 1],
    ["<type>image_understanding</type>", 0],
    ["<type>image_generation video_generation</type>", 0],
    ["<type></type>", 0],
    ["<type>image_generation</type><type>image_generation</type>", 0],
    ["<type>image_generation", 0],
    ["image_generation", 0],
  ] as const)("of %j is %d", async (text, expected) => {
    expect(await values(taskType(), [text], { task: "image_generation" })).toEqual([expected]);
  });
});
