import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readOptions } from "./options.js";
import { openRunFolder, writeRecord } from "./runFolder.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "runs-"));
});
afterEach(() => rm(root, { recursive: true }));

const open = (...args: readonly string[]) => openRunFolder(root, readOptions(args));

describe("the folder of a run", () => {
  it("has the next free number of its kind, and a record of what was asked for", async () => {
    await mkdir(join(root, "full-9-old")); // no run's name
    expect((await open()).path).toBe(join(root, "full-1"));
    expect((await open("--quick")).path).toBe(join(root, "quick-1"));
    expect((await open()).path).toBe(join(root, "full-2"));
    await rm(join(root, "full-1"), { recursive: true });
    const { path, record } = await open("--seed", "4");
    expect(path).toBe(join(root, "full-3")); // numbers are not used twice: the newest run has the highest
    expect(JSON.parse(await readFile(join(path, "run.json"), "utf8"))).toEqual(record);
    expect(record).toEqual({ seed: 4, quick: false, seconds: {} });
  });

  it("is made where there were no runs at all, under the name asked for", async () => {
    const { path } = await openRunFolder(join(root, "runs"), readOptions(["--name", "mine"]));
    expect(path).toBe(join(root, "runs", "mine"));
    expect(await readdir(path)).toEqual(["run.json"]);
  });

  it("is never written over", async () => {
    const { path } = await open("--name", "mine");
    await expect(open("--name", "mine")).rejects.toMatchObject({
      _tag: "RunExists",
      path,
      message: expect.stringContaining("--resume goes on with it, --name chooses another"),
    });
    expect(await readdir(root)).toEqual(["mine"]);
  });
});

describe("resuming", () => {
  it("goes on with the newest of its kind, by number, or with the one named", async () => {
    for (let run = 0; run < 10; run++) await open();
    await open("--quick");
    const named = await open("--name", "mine");
    expect((await open("--resume")).path).toBe(join(root, "full-10"));
    expect((await open("--resume", "--quick")).path).toBe(join(root, "quick-1"));
    expect(await open("--resume", "--name", "mine")).toEqual(named);
  });

  it("knows the seconds that the earlier part took", async () => {
    const folder = await open();
    const record = { ...folder.record, seconds: { coldStart: 12.5 } };
    await writeRecord(folder, record);
    expect((await open("--resume")).record).toEqual(record);
    expect(await readdir(folder.path)).toEqual(["run.json"]);
  });

  it("needs a run to resume", async () => {
    await open();
    await expect(open("--resume", "--quick")).rejects.toMatchObject({
      _tag: "NothingToResume",
      message: `${root} holds no quick run to resume: start one without --resume`,
    });
    await mkdir(join(root, "empty"));
    for (const name of ["empty", "nowhere"])
      await expect(open("--resume", "--name", name)).rejects.toMatchObject({
        _tag: "NothingToResume",
        path: join(root, name),
      });
    expect((await readdir(root)).sort()).toEqual(["empty", "full-1"]);
  });

  it("says so if its record is damaged", async () => {
    const { path } = await open();
    await writeFile(join(path, "run.json"), '{ "seed": 1,');
    await expect(open("--resume")).rejects.toMatchObject({ _tag: "DamagedRun", file: join(path, "run.json") });
  });

  it.each([
    [["--seed", "2"], [], "--seed 2"],
    [["--quick"], [], "--seed 1 --quick"],
    [[], ["--seed", "3"], "--seed 1"],
    [["--quick", "--seed", "5"], ["--quick"], "--seed 5 --quick"],
  ])("does not go on with a run of other options: %j, then %j", async (first, second, was) => {
    const { path } = await open("--name", "mine", ...first);
    await expect(open("--resume", "--name", "mine", ...second)).rejects.toMatchObject({
      _tag: "OtherRun",
      message: `${path} is a run of ${was}: resume it with these options`,
    });
  });
});
