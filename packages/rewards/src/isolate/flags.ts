/** Flags that are for one program alone: code on the command line, a debugger's port, modes of Node that run files by themselves. */
const own = /^--(?:input-type|inspect|watch|test)(?:[-=]|$)/;
const code = new Set(["-e", "--eval", "-p", "--print", "-pe"]);

/** The flags of Node that a process hands on to a worker. */
export const flagsFor = (given: readonly string[]): readonly string[] =>
  given.filter((flag, at) => !own.test(flag) && !code.has(flag) && !code.has(given[at - 1] ?? ""));
