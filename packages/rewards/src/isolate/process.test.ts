import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { module, source } from "../../test/isolating.js";
import { until } from "../../test/sockets.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

const start = (code: string) => {
  const text = `
    import { isolated } from "@msrl/rewards";
    const reward = isolated({ module: ${JSON.stringify(module)}, milliseconds: 60_000 });
    const ask = (text) => reward([{ prompt: { id: "q1", messages: [] }, completion: { text }, reference: {} }])();
    ${code}
  `;
  const child: ChildProcess = spawn(process.execPath, [...source.execArgv, "--input-type=module", "--eval", text], {
    cwd: root,
  });
  let said = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (data) => (said += data));
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  return { child, said: () => said, ended };
};

const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
describe("a program with an isolated reward", () => {
  it("ends by itself while a worker is idle", async () => {
    const { said, ended } = start('console.log((await ask("good")).right[0]);');
    expect([await ended, said()]).toEqual([0, "4\n"]);
  });

  it.each(["process.exit(7);", "throw new Error('mine');", "process.kill(process.pid, 'SIGKILL');"])(
    "ends by %s and takes a worker that computes with it",
    async (how) => {
      const { child, said, ended } = start(`process.stdin.once("data", () => { ${how} }); await ask("tellAndLoop");`);
      const worker = () => /^worker (\d+)$/m.exec(said())?.[1];
      await until(() => worker() !== undefined);
      expect(runs(Number(worker()))).toBe(true);
      child.stdin!.write("now");
      await ended;
      await until(() => !runs(Number(worker())));
    },
  );
});
