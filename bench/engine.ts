// npm run bench -- --engine URL: updates on a training engine beside the official Python client on the same server.
import { fileURLToPath } from "node:url";
import { key, text, toPromise } from "@msrl/core";
import { dapo, gspo, type Loss } from "@msrl/core/losses";
import { adamw } from "@msrl/core/optim";
import type { TrainingBatch } from "@msrl/core/policy";
import { openDevice } from "@msrl/core/session";
import { tinkerClient, tinkerPolicy } from "@msrl/core/tinker";
import { openProgram } from "./peer.js";

/** What is measured. */
export interface EngineBenchOptions {
  readonly url: string;
  readonly rounds: number;
  /** A Python with the official client (`tinker`); without it our own times are measured alone. */
  readonly python?: string;
}

const [prompt, completion] = [64, 64];
const optimizer = { transform: adamw({ learningRate: 1e-4 }) };
const tokenizer = {
  vocabularySize: 336,
  endId: 318,
  padId: 0,
  encode: (ids: string) => ids.split(" ").filter(Boolean).map(Number),
  decode: (ids: readonly number[]) => ids.join(" "),
  chat: (messages: readonly { readonly content: readonly { readonly type: string; readonly text?: string }[] }[]) =>
    messages.flatMap(({ content }) => content.map((part) => part.text ?? "")).join(" "),
};

/** A way an update goes: the engine's own loss, or our gradient. */
const paths: Readonly<Record<string, Loss>> = { own: dapo({ epsilonHigh: 0.2 }), gradient: gspo() };

const batchOf = (rows: number): TrainingBatch =>
  Array.from({ length: rows }, (_, row) => {
    const ids = Array.from({ length: prompt + completion }, (__, at) => 1 + ((7 * row + 3 * at) % 300));
    const content = [text(ids.slice(0, prompt).join(" "))];
    const tokenIds = ids.slice(prompt);
    const advantage = row % 2 ? 1 : -0.5;
    return {
      prompt: { id: `${row}`, messages: [{ role: "user", content }] },
      completions: [{ tokenIds, advantage, oldLogProbs: tokenIds.map(() => -5) }],
    };
  });

const sizeOf = (body: unknown): number =>
  typeof body === "string" ? Buffer.byteLength(body) : body instanceof Uint8Array ? body.byteLength : 0;

/** Counts the bytes of bodies, both ways, and the milliseconds in which some request waited for the engine. */
const counting = () => {
  const counts = { up: 0, down: 0, waited: 0 };
  let [waiting, since] = [0, 0];
  const counted: typeof fetch = async (url, init) => {
    counts.up += sizeOf(init?.body);
    if (String(url).endsWith("session_heartbeat")) return fetch(url, init);
    if (waiting++ === 0) since = performance.now();
    try {
      const answer = await fetch(url, init);
      const body = await answer.arrayBuffer();
      counts.down += body.byteLength;
      return new Response(answer.status === 204 ? null : body, { status: answer.status, headers: answer.headers });
    } finally {
      if (--waiting === 0) counts.waited += performance.now() - since;
    }
  };
  return { counts, fetch: counted };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const cell = (value: number, digits = 0): string => (Number.isNaN(value) ? "not measured" : value.toFixed(digits));
const times = (values: readonly number[]): string =>
  Number.isNaN(values[0]) ? "not measured" : `${cell(median(values))} (${cell(Math.min(...values))})`;

/**
 * Prints a table: milliseconds of a step here and there, the median and the fastest; those of ours in which no request was
 * under way; the median of the ratios; bytes of a step.
 */
export const benchEngine = async ({ url, rounds, python }: EngineBenchOptions): Promise<void> => {
  const { counts, fetch } = counting();
  const client = tinkerClient({ url, fetch });
  const [baseModel] = (await toPromise(client.capabilities())).models;
  const device = await openDevice({ threads: 1 });
  const policy = tinkerPolicy({ client, baseModel: baseModel!, rank: 4, tokenizer, device });
  const script = fileURLToPath(new URL("./peers/engine.py", import.meta.url));
  const peer = python === undefined ? undefined : openProgram(python, [script, url, baseModel!], 1);
  await toPromise(policy.facts());
  let state = await toPromise(policy.init(key(1)));
  console.log(
    "| Path | Sequences | Here, ms | Of it not waiting | Python client, ms | Ratio | Up, KB | Down, KB |\n| --- | --- | --- | --- | --- | --- | --- | --- |",
  );
  for (const [path, loss] of Object.entries(paths))
    for (const rows of [4, 16, 64]) {
      const batch = batchOf(rows);
      const own: number[] = [];
      const here = async (): Promise<number> => {
        const [start, { waited }] = [performance.now(), { ...counts }];
        ({ state } = await toPromise(policy.update(state, batch, loss, optimizer)));
        const time = performance.now() - start;
        own.push(time - (counts.waited - waited));
        return time;
      };
      const there = async (): Promise<number> => {
        const answer = await peer?.ask({ verb: "step", rows, prompt, completion, path });
        if (answer?.error !== undefined) throw new Error(`Python client: ${answer.error}`);
        return Number(answer?.wall ?? Number.NaN);
      };
      await here(); // the server compiles each size
      await there();
      const pairs: (readonly [number, number])[] = [];
      const before = { ...counts };
      for (let round = 0; round < rounds; round++)
        pairs.push(
          round % 2 === 0
            ? [await here(), await there()]
            : ([await there(), await here()].reverse() as [number, number]),
        );
      const [up, down] = [counts.up - before.up, counts.down - before.down].map((all) => all / rounds / 1000);
      const [ours, theirs] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
      const ratio = median(pairs.map(([a, b]) => a / b));
      console.log(
        `| ${path} | ${rows} | ${times(ours)} | ${cell(median(own.slice(1)), 1)} | ${times(theirs)} | ${cell(ratio, 2)} | ${cell(up!, 1)} | ${cell(down!, 1)} |`,
      );
    }
  peer?.close();
  await toPromise(policy.close());
  await device.close();
};
