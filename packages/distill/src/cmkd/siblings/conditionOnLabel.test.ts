import { describe, expect, it } from "vitest";
import { promptOf, written } from "../../../test/written.js";
import { conditionOnLabel } from "../../index.js";

describe("conditionOnLabel", () => {
  it("adds to the last message of the user alone", () => {
    const prompt = promptOf("s1");
    const told = conditionOnLabel()(prompt, "B", written("A", "wrong thought"));
    expect(told.id).toBe("s1");
    expect(told.messages[0]).toBe(prompt.messages[0]);
    expect(told.messages[1]!.content[0]).toEqual({ type: "text", text: "Which?" });
    expect(JSON.stringify(told.messages[1]!.content[1])).toMatch(/wrong thought.*better answer is B/);
    expect(JSON.stringify(conditionOnLabel()(prompt, "B"))).not.toContain("flawed");
    expect(() => conditionOnLabel()({ id: "s2", messages: [] }, "A")).toThrow(/prompt s2 has no message of the user/);
  });
});
