import { deepStrictEqual as equal, ok } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasFormat } from "@msrl/rewards";
import type { Ending } from "./program.js";

const linesOf = (file: string): readonly string[] => readFileSync(file, "utf8").trim().split("\n");

interface Row {
  readonly id: string;
  readonly messages: readonly [{ readonly content: string }, { readonly content: string }];
  readonly images: readonly string[];
  readonly pseudo_label: "A" | "B";
  readonly provenance: { readonly confidence: number; readonly votes: Readonly<Record<string, number>> };
}

/** The rows of a set's `sft.jsonl`. */
export const rowsOf = (folder: string): readonly Row[] =>
  linesOf(join(folder, "sft.jsonl")).map((line) => JSON.parse(line) as Row);

/** Checks that the captions are there, once for each medium, and say something. */
const checkCaptions = (folder: string, media: number): void => {
  const names = readdirSync(join(folder, "captions"), { recursive: true }) as readonly string[];
  const files = names.filter((name) => name.endsWith(".json")).map((name) => join(folder, "captions", name));
  const texts = files.map((file) => (JSON.parse(readFileSync(file, "utf8")) as { readonly text: string }).text);
  equal(texts.length, media);
  ok(texts.every((text) => text.trim() !== ""));
};

/** Checks that every sample has its traces, half of them of the exchanged order. */
const checkTraces = (folder: string, samples: number, candidates: number): void => {
  const [, ...lines] = linesOf(join(folder, "traces.jsonl"));
  equal(lines.length, samples);
  for (const line of lines) {
    const { candidates: traces } = JSON.parse(line) as {
      readonly candidates: readonly { readonly swapped: boolean }[];
    };
    equal([traces.length, traces.filter(({ swapped }) => swapped).length], [candidates, candidates / 2]);
  }
};

/** Checks that the rows have the form that trainers read, and that what they name is there. */
const checkRows = (folder: string): void => {
  const form = hasFormat({ tags: ["type", "caption", "think", "answer"] });
  for (const { messages, images, pseudo_label, provenance } of rowsOf(folder)) {
    const [question, reply] = messages;
    ok(form(reply.content), reply.content);
    ok(reply.content.includes(`<answer>${pseudo_label}</answer>`), reply.content);
    equal(question.content.split("<image>").length - 1, images.length);
    for (const image of images) equal(readFileSync(join(folder, image)).toString("latin1", 1, 4), "PNG");
    ok(provenance.confidence > 0 && provenance.confidence <= 1, `vote share ${provenance.confidence}`);
  }
};

/** Checks that the table adds up, and to the rows. */
const checkTable = (folder: string, table: Readonly<Record<string, string>>): void => {
  const count = (name: string): number => Number(table[name]);
  const rows = rowsOf(folder);
  const asA = rows.filter(({ pseudo_label }) => pseudo_label === "A").length;
  const judged = count("judged by the teacher");
  const lost = count("no caption: captioner failed") + count("no caption: empty, cut off, refused or leaking");
  const dropped = count("no readable verdict") + count("tie") + count("no trace of the asked form");
  equal(count("samples"), lost + judged);
  equal(judged, dropped + count("kept"));
  equal(count("kept"), rows.length);
  equal(table["pseudo-labels A / B"], `${asA} / ${rows.length - asA}`);
  equal(table["traces chosen by"], "vote share"); // it tells no log-probs
  ok(rows.length > 0, "nothing was kept");
};

/** Checks a set that the program made: captions, traces, rows and table. */
export const checkMade = (folder: string, { table }: Ending, candidates: number): void => {
  ok(table);
  checkCaptions(folder, 8); // six colours, two films
  checkTraces(folder, Number(table["judged by the teacher"]), candidates);
  checkRows(folder);
  checkTable(folder, table);
};
