import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { accuracy, format, perCompletionTask, weightedSum } from "@msrl/rewards";
import { serveRewards } from "@msrl/rewards/serve";
import fc from "fast-check";
import { type Request, requests } from "./requests.js";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Sends bytes and leaves. */
const hurt = (port: number, bytes: string, hold: number): Promise<undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(undefined));
    socket.on("connect", () => {
      socket.write(bytes);
      setTimeout(() => socket.destroy(), hold);
    });
  });

/** Statuses that a request may have; what crashes inside is 500. */
const expected = new Set([200, 400, 404, 413, 415, 501, 503]);

const ask = (
  port: number,
  agent: Agent,
  { path, body, type }: Extract<Request, { kind: "whole" }>,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    const headers = { ...(type !== "" && { "content-type": type }), "content-length": Buffer.byteLength(body) };
    const late = setTimeout(() => resolve("no answer in 20 s"), 20_000);
    const done = (problem: string | undefined): void => {
      clearTimeout(late);
      resolve(problem && `${path} ${body.slice(0, 300)}: ${problem}`);
    };
    const sent = httpRequest({ host: "127.0.0.1", port, path, method: "POST", headers, agent }, (reply) => {
      let said = "";
      reply.setEncoding("utf8").on("data", (data) => {
        said += data;
      });
      reply.on("end", () => {
        try {
          const { error } = JSON.parse(said);
          const told = reply.statusCode === 200 || (typeof error.tag === "string" && typeof error.message === "string");
          done(expected.has(reply.statusCode!) && told ? undefined : `${reply.statusCode} ${said.slice(0, 300)}`);
        } catch {
          done(`no JSON: ${said.slice(0, 300)}`);
        }
      });
    });
    sent.on("error", (error) => done(error.message));
    sent.end(body);
  });

/** Bytes of the heap that are in use, garbage not counted. */
const heap = (): number => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
};

/** A reward of which a part fails, waits or throws now and then. */
const reward = weightedSum({
  accuracy: { reward: accuracy(), weight: 1 },
  format: { reward: format({ tags: ["think", "answer"] }), weight: 0.2 },
  moody: {
    reward: perCompletionTask("moody", async ({ completion: { text } }) => {
      if (text.length % 7 === 0) throw new Error("not today");
      if (text.length % 5 === 0) await pause(1);
      return text.length % 3 === 0 ? null : 1;
    }),
    weight: 0,
    onFailure: "null",
  },
});

/** What is fuzzed, and how. */
export interface FuzzServerOptions {
  /** Requests. */
  readonly count: number;
  readonly seed: number;
  readonly progress?: (done: number) => void;
}

/** Requests that are under way at a time, and made up at a time. */
const [width, block] = [16, 500];

/** Asks a server made-up things over real connections; what was wrong, and by how many bytes the heap grew meanwhile. */
export const fuzzServer = async ({ count, seed, progress = () => {} }: FuzzServerOptions) => {
  const server = await serveRewards({
    reward: reward as never,
    port: 0,
    maxSamples: 200,
    bodyLimit: 8192,
    timeout: 2000,
  });
  const port = Number(new URL(server.url).port);
  const agent = new Agent({ keepAlive: true, maxSockets: width });
  const problems: string[] = [];
  let before: number | undefined;
  for (let done = 0; done < count && problems.length < 10; done += block) {
    const given = fc.sample(requests, { numRuns: Math.min(block, count - done), seed: seed + done });
    if (done >= count / 5) before ??= heap(); // by then all is compiled and every memory full
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let request = given[next++]; request !== undefined; request = given[next++]) {
        const problem = await (request.kind === "whole"
          ? ask(port, agent, request)
          : hurt(port, request.bytes, request.hold));
        if (problem !== undefined) problems.push(`seed ${seed + done}: ${problem}`);
      }
    };
    await Promise.all(Array.from({ length: width }, worker));
    progress(Math.min(count, done + block));
  }
  const grown = heap() - (before ?? heap());
  const told = await (await fetch(`${server.url}/metrics`)).text();
  for (const name of ["msrl_in_flight", "msrl_waiting"])
    if (!told.includes(`\n${name} 0\n`)) problems.push(`${name} is not 0 at the end`);
  agent.destroy();
  await server.close();
  return { problems, grown };
};
