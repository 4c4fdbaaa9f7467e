import { describe, expect, it } from "vitest";
import { readOptions, usage } from "./options.js";

/** What the command line is refused with. */
const refusal = (...args: readonly string[]): unknown => {
  try {
    return readOptions(args);
  } catch (error) {
    return error;
  }
};

describe("the command line", () => {
  it("has a default for everything", () => {
    expect(readOptions([])).toEqual({ quick: false, resume: false, help: false, seed: 1, device: "cpu" });
  });

  it("is read whole", () => {
    const args = ["--quick", "--resume", "--seed", "7", "--device=cuda", "--threads", "2", "--name", "my-run_1.2"];
    expect(readOptions(args)).toEqual({
      quick: true,
      resume: true,
      help: false,
      seed: 7,
      device: "cuda",
      threads: 2,
      name: "my-run_1.2",
    });
  });

  it.each<[string, readonly string[], string, string]>([
    ["an unknown option", ["--sed", "3"], "options", "Unknown option '--sed'"],
    ["a word that belongs to no option", ["more"], "options", "Unexpected argument 'more'"],
    ["an option without its value", ["--seed"], "options", "'--seed <value>' argument missing"],
    ["a value for a switch", ["--quick=yes"], "options", "'--quick' does not take an argument"],
    ["a seed in words", ["--seed", "one"], "seed", "--seed: one given, a whole number from 0 wanted"],
    ["a broken seed", ["--seed", "1.5"], "seed", "--seed: 1.5 given, a whole number from 0 wanted"],
    ["an empty seed", ["--seed", ""], "seed", "a whole number from 0 wanted"],
    ["a negative seed", ["--seed=-1"], "seed", "--seed: -1 given, a whole number from 0 wanted"],
    ["a seed beyond whole numbers", ["--seed", "1e30"], "seed", "--seed: 1e30 given"],
    ["no threads", ["--threads", "0"], "threads", "--threads: 0 given, a whole number from 1 wanted"],
    ["negative threads", ["--threads=-2"], "threads", "--threads: -2 given, a whole number from 1 wanted"],
    ["a name that climbs", ["--name", ".."], "name", "--name: .. given, letters, digits"],
    ["a name that is a path", ["--name", "../elsewhere"], "name", "--name: ../elsewhere given, letters, digits"],
  ])("is refused by name: %s", (_, args, field, message) => {
    expect(refusal(...args)).toMatchObject({ _tag: "BadOption", field, message: expect.stringContaining(message) });
    expect(refusal(...args)).toMatchObject({ message: expect.stringMatching(/; --help tells the options$/) });
  });

  it("tells a negative number that looks like an option", () => {
    expect(refusal("--seed", "-1")).toMatchObject({ _tag: "BadOption", message: expect.stringContaining("--seed") });
  });

  it("has a help that names every option it reads", () => {
    for (const name of ["quick", "resume", "seed", "device", "threads", "name", "help"])
      expect(usage).toContain(`--${name}`);
  });
});
