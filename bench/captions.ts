import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { key, type Media, type Pixels, toPromise } from "@msrl/core";
import { cachedCaptions, captionFolder } from "@msrl/distill";
import * as TE from "fp-ts/TaskEither";
import { report } from "./report.js";
import { tableOf } from "./table.js";

const count = 200;
const sides = [64, 224, 448, 1024];
const words = {
  text: "a red fox below a blue rose ".repeat(20),
  tokens: { prompt: 600, completion: 140 },
  truncated: false,
};
const captioner = { name: "known", fingerprint: "known", caption: () => TE.right(words) };
const request = { key: key(0) };

const frame = (side: number, seed: number): Pixels => {
  const data = new Uint8Array(3 * side * side).fill(seed);
  data[1] = seed >> 8;
  return { width: side, height: side, data };
};

/** Milliseconds of asking for each medium, sorted. */
const timesOf = async (folder: string, media: readonly Media[], again: boolean): Promise<readonly number[]> => {
  const cached = cachedCaptions(captionFolder(folder))(captioner);
  const ask = (medium: Media) => toPromise(cached.caption(medium, request));
  if (again) for (const medium of media) await ask(medium);
  const times: number[] = [];
  for (const medium of media) {
    const start = performance.now();
    await ask(medium);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b);
};

const shown = (times: readonly number[], part: number): string => times[Math.floor(part * times.length)]!.toFixed(3);

/** Times captions that lie in a folder: a picture seen for the first time (its pixels are hashed), and one seen before. */
export const benchCaptions = async (): Promise<void> => {
  const rows: string[][] = [];
  for (const side of sides) {
    const folder = await mkdtemp(join(tmpdir(), "captions-"));
    const media = Array.from({ length: count }, (_, at): Media => ({ kind: "image", frames: [frame(side, at)] }));
    const made = await timesOf(folder, media, false);
    const first = await timesOf(folder, media, false);
    const later = await timesOf(folder, media, true);
    const cells = [made, first, later].flatMap((times) => [shown(times, 0.5), shown(times, 0.95)]);
    rows.push([`${side} x ${side}`, ...cells]);
    await rm(folder, { recursive: true });
  }
  const head = ["ms", "kept, median", "95 %", "first hit, median", "95 %", "later hit, median", "95 %"];
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}; ${count} captions a row`;
  report("captions.md", [machine, tableOf(head, rows)]);
};
