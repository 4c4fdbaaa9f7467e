import { describe, expect, it } from "vitest";
import { flagProblems, serveFlags, serveHelp } from "./serveFlags.js";

describe("the flags of msrl serve", () => {
  it.each([
    [{}, ["a", "b"], "one FILE, not 2"],
    [{ isolate: "9" }, [], "--isolate needs a FILE"],
    [{ isolate: "0" }, ["a"], '--isolate is "0", wanted milliseconds from 1 to 2147483647'],
    [{ workers: "2" }, ["a"], "--workers needs --isolate MILLISECONDS"],
    [{ workers: "1.5", isolate: "9" }, ["a"], '--workers is "1.5", wanted a whole number of at least 1'],
    [{ port: "65536" }, [], '--port is "65536", wanted a whole number from 0 to 65535'],
    [{ port: "" }, [], '--port is "", wanted a whole number from 0 to 65535'],
    [{ timeout: "0" }, [], '--timeout is "0", wanted seconds from 0.001 to 2147483.647'],
    [{ concurrency: "many" }, [], '--concurrency is "many", wanted a whole number of at least 1'],
    [{ sandbox: "here" }, [], '--sandbox is "here", wanted an http or https address'],
    [{ shim: "ppo" }, [], '--shim is "ppo", wanted trl | verl | swift'],
  ])("%o with files %o: what is wrong, in the words of the command line", (flags, files, wanted) => {
    expect(flagProblems(flags, files, undefined)).toEqual([wanted]);
  });

  it("others reach the server with a token alone, whatever its source", () => {
    expect(flagProblems({ host: "0.0.0.0" }, [], undefined)).toEqual([
      "--host 0.0.0.0 can be reached by others, which needs a token: MSRL_TOKEN in the environment, or --token",
    ]);
    expect(flagProblems({ host: "0.0.0.0" }, [], "secret")).toEqual([]);
    expect(flagProblems({ host: "localhost" }, [], undefined)).toEqual([]);
    expect(flagProblems({ host: "0.0.0.0", shim: "trl" }, [], undefined)).toEqual([]);
  });

  it("are all in the help", () => {
    for (const flag of Object.keys(serveFlags)) if (flag !== "help") expect(serveHelp).toContain(`--${flag} `);
  });
});
