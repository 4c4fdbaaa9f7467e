import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { Link, Reply, Request } from "./protocol.js";

interface Engine {
  readonly createEngine: (runtimePath: string) => (request: Request) => Promise<Reply<never>>;
}

/** An engine in this thread: nothing is copied, and nothing else happens while a kernel runs. */
export const mainLink = (script: URL, runtimePath: string): Link => {
  const { createEngine } = createRequire(import.meta.url)(fileURLToPath(script)) as Engine;
  return { request: createEngine(runtimePath), end: async () => {} };
};
