import { readFile } from "node:fs/promises";
import { type Label, tagged } from "@msrl/core";

/** Two answers to one order, and which is better. */
export interface Preference {
  readonly id: string;
  readonly query: string;
  readonly responses: readonly [string, string];
  readonly label: Label;
}

/** A row as LLMBar writes it: `label` 1 or 2 is the better output. */
interface Row {
  readonly input: string;
  readonly output_1: string;
  readonly output_2: string;
  readonly label: 1 | 2;
}

const isRow = (row: unknown): row is Row => {
  const { input, output_1, output_2, label } = (row ?? {}) as Partial<Record<keyof Row, unknown>>;
  return [input, output_1, output_2].every((text) => typeof text === "string") && (label === 1 || label === 2);
};

const badFile = (file: string, problem: string) => tagged("BadPreferences", `${file}: ${problem}`, { file });

const rowsOf = (file: string, text: string): readonly unknown[] => {
  try {
    if (text.trimStart().startsWith("[")) return JSON.parse(text) as unknown[];
    return text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line) as unknown);
  } catch (error) {
    throw badFile(file, `neither a JSON array nor a JSON object a line: ${(error as Error).message}`);
  }
};

/** Reads preferences: an object a line, or one array; `{ input, output_1, output_2, label: 1 | 2 }` each. */
export const readPreferences = async (file: string): Promise<readonly Preference[]> => {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw badFile(file, error.message);
  });
  return rowsOf(file, text).map((row, at) => {
    if (!isRow(row)) throw badFile(file, `row ${at + 1}: input, output_1, output_2 and label 1 or 2 wanted`);
    const { input, output_1: first, output_2: second, label } = row;
    return { id: `${file}#${at + 1}`, query: input, responses: [first, second], label: label === 1 ? "A" : "B" };
  });
};

/** The same pair with its answers changed over. */
export const swapped = ({ id, query, responses: [a, b], label }: Preference): Preference => ({
  id: `${id} swapped`,
  query,
  responses: [b, a],
  label: label === "A" ? "B" : "A",
});
