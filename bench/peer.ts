import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What a peer answers to a question, or why it does not. */
export type Answer = Readonly<Record<string, unknown>> & { readonly error?: string };

/** A Python process that does the same work with torch and answers one JSON line to each. */
export interface Peer {
  ask(question: Readonly<Record<string, unknown>>): Promise<Answer>;
  close(): void;
}

/** Starts a program that answers JSON lines; `threads` is what torch may use, where it is torch that answers. */
export const openProgram = (command: string, args: readonly string[], threads: number): Peer => {
  const count = `${threads}`;
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: count, MKL_NUM_THREADS: count },
  });
  const waiting: ((answer: Answer) => void)[] = [];
  const lose = (reason: string): void => {
    for (const settle of waiting.splice(0)) settle({ error: reason });
  };
  child.on("error", (error) => lose(`${command}: ${error.message}`));
  child.on("exit", (code) => lose(`${command} ended with code ${code}`));
  child.stdin.on("error", (error) => lose(`${command}: ${error.message}`));
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.(JSON.parse(line) as Answer));
  return {
    ask: (question) =>
      new Promise((resolve) => {
        if (child.exitCode !== null) return resolve({ error: `${command} ended with code ${child.exitCode}` });
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(question)}\n`);
      }),
    close: () => child.stdin.end(),
  };
};

const script = fileURLToPath(new URL("./peers/peer.py", import.meta.url));

/** Starts the peer with a Python that has torch and transformers. */
export const openPeer = (python: string, threads: number): Peer => openProgram(python, [script], threads);
