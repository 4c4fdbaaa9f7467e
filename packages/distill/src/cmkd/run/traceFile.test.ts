import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { optionsOf, sampleOf } from "../../../test/cmkdSamples.js";
import { runCmkd } from "../../../test/killedCmkd.js";
import { written } from "../../../test/written.js";
import { cmkd } from "../../index.js";

const folder = mkdtempSync(join(tmpdir(), "msrl-cmkd-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs `runCmkd` in a process of its own, which dies at a call. */
const killAt = (file: string, calls: string, dies: number): Promise<string | null> =>
  new Promise((resolve, reject) => {
    const module = JSON.stringify(new URL("../../../test/killedCmkd.ts", import.meta.url).href);
    const program = `import { runCmkd } from ${module}; await runCmkd(${JSON.stringify(file)}, ${JSON.stringify(calls)}, ${dies});`;
    const options = ["--conditions=msrl-source", "--import", "tsx", "--input-type=module", "--eval", program];
    const child = spawn(process.execPath, options, { stdio: ["ignore", "ignore", "inherit"] });
    child.on("error", reject);
    child.on("close", (_, signal) => resolve(signal));
  });

describe("cmkd's file", () => {
  it("goes on after each kill with no call made twice, nothing lost, and the result of a run that was not", async () => {
    const [whole, wholeCalls] = [join(folder, "whole.jsonl"), join(folder, "whole.calls")];
    const uninterrupted = await runCmkd(whole, wholeCalls);
    const [file, calls] = [join(folder, "killed.jsonl"), join(folder, "killed.calls")];
    for (const dies of [2, 2, 3]) expect(await killAt(file, calls, dies)).toBe("SIGKILL");
    expect(await runCmkd(file, calls)).toEqual(uninterrupted);
    expect(readFileSync(calls, "utf8")).toBe(readFileSync(wholeCalls, "utf8"));
    expect(readFileSync(file, "utf8")).toBe(readFileSync(whole, "utf8"));
  }, 60_000);

  it("drops a line that was cut off, and draws that sample alone again", async () => {
    const file = join(folder, "torn.jsonl");
    const calls: string[] = [];
    const options = { ...optionsOf(() => [written("A"), written("B"), "?"], calls), file };
    const samples = ["s1", "s2", "s3"].map((id) => sampleOf(id));
    const first = await cmkd(options)(samples);
    const text = readFileSync(file, "utf8");
    truncateSync(file, Buffer.byteLength(text) - 9);
    calls.length = 0;
    expect(await cmkd(options)(samples)).toEqual(first);
    expect(calls).toEqual(["sample s3"]);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  it("takes further samples on", async () => {
    const file = join(folder, "more.jsonl");
    const calls: string[] = [];
    const options = { ...optionsOf(() => [written("A")], calls), file };
    await cmkd(options)([sampleOf("s2")]);
    const { records } = await cmkd(options)([sampleOf("s1"), sampleOf("s2")]);
    expect([calls, records.map(({ id }) => id)]).toEqual([
      ["sample s2", "sample s1"],
      ["s1", "s2"],
    ]);
  });

  it("refuses a file of other settings and a damaged one", async () => {
    const file = join(folder, "foreign.jsonl");
    const options = { ...optionsOf(() => [written("A")]), file };
    await cmkd(options)([sampleOf("s1")]);
    const foreign = cmkd({ ...options, candidates: 2 })([sampleOf("s1")]);
    await expect(foreign).rejects.toMatchObject({ _tag: "CmkdFile", file, line: 1, field: "candidates" });
    appendFileSync(file, "{}\n");
    await expect(cmkd(options)([sampleOf("s1")])).rejects.toMatchObject({ _tag: "CmkdFile", line: 3 });
    writeFileSync(file, "[]\n");
    await expect(cmkd(options)([sampleOf("s1")])).rejects.toMatchObject({ _tag: "CmkdFile", line: 1 });
  });
});
