import type { Completion } from "@msrl/core";
import type { Confidences } from "../confidence/measureConfidences.js";

/** A candidate as it is kept: what the teacher drew, and in which order it saw the answers. */
export interface Candidate extends Completion {
  /** Whether it saw A and B exchanged; `text` is as the teacher wrote it. */
  readonly swapped: boolean;
}

/** What is kept of a sample: the candidates, and their confidences once they are known. */
export interface TraceRecord {
  readonly id: string;
  /** SHA-256 of the prompts that the teacher read. */
  readonly asked: string;
  readonly candidates: readonly Candidate[];
  readonly confidences?: Confidences;
}

const words = ["NaN", "Infinity", "-Infinity"];

/** Numbers that JSON has no word for, as texts. */
export const toLine = (value: object): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === "number" && !Number.isFinite(each) ? String(each) : each,
  );

const numbers = (value: unknown): readonly number[] | null => {
  if (!Array.isArray(value)) return null;
  const read = value.map((each) => (words.includes(each) ? Number(each) : each));
  return read.every((each) => typeof each === "number") ? read : null;
};

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const candidateOf = (value: unknown): Candidate | null => {
  if (!isObject(value)) return null;
  const { text, truncated, swapped } = value;
  const [tokenIds, logProbs, samplerLogProbs] = [value.tokenIds, value.logProbs, value.samplerLogProbs].map(numbers);
  if (typeof text !== "string" || typeof truncated !== "boolean" || typeof swapped !== "boolean") return null;
  if (!tokenIds || !logProbs) return null;
  return { text, tokenIds, logProbs, ...(samplerLogProbs && { samplerLogProbs }), truncated, swapped };
};

const confidencesOf = (value: unknown): Confidences | undefined | null => {
  if (value === undefined) return undefined;
  if (!isObject(value)) return null;
  const named = Object.entries(value).map(([name, each]) => [name, numbers(each)] as const);
  return named.every(([, each]) => each !== null) ? (Object.fromEntries(named) as Confidences) : null;
};

/** The record of a line; `null` if it is none. */
export const fromLine = (line: string): TraceRecord | null => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { id, asked } = value;
  if (typeof id !== "string" || typeof asked !== "string" || !Array.isArray(value.candidates)) return null;
  const candidates = value.candidates.map(candidateOf);
  const confidences = confidencesOf(value.confidences);
  if (confidences === null || candidates.some((each) => each === null)) return null;
  return { id, asked, candidates: candidates as readonly Candidate[], ...(confidences && { confidences }) };
};
