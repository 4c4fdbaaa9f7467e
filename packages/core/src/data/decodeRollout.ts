import * as E from "fp-ts/Either";
import { type Tagged, tagged } from "../errors.js";
import type { SavedRollout } from "./savedRollout.js";

/** A line that is no saved rollout: which field is to blame, if it is JSON at all. */
export type BadRollout = Tagged<"BadRollout", { readonly field?: string }>;

type Fields = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
const isText = (value: unknown): boolean => typeof value === "string";
const isValue = (value: unknown): boolean => value === null || isNumber(value);
const isStep = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
const isListOf = (fits: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(fits);
const isRecordOf = (fits: (value: unknown) => boolean) => (value: unknown) =>
  isRecord(value) && Object.values(value).every(fits);
const orNothing = (fits: (value: unknown) => boolean) => (value: unknown) => value === undefined || fits(value);

/** A field, what it has to be in words, and whether it is. */
type Wanted = readonly [field: string, wanted: string, fits: boolean];

const scoreFields = (at: string, score: unknown): readonly Wanted[] => {
  if (!isRecord(score)) return [[at, "a score", false]];
  return [
    [`${at}.value`, "a number or null", isValue(score.value)],
    [`${at}.parts`, "numbers or null by name", isRecordOf(isValue)(score.parts)],
    [`${at}.reasons`, "texts by name", orNothing(isRecordOf(isText))(score.reasons)],
    [`${at}.failures`, "texts by name", orNothing(isRecordOf(isText))(score.failures)],
  ];
};

const completionFields = (completion: unknown, index: number): readonly Wanted[] => {
  const at = `completions[${index}]`;
  if (!isRecord(completion)) return [[at, "an object", false]];
  return [
    [`${at}.text`, "a text", isText(completion.text)],
    [`${at}.tokenIds`, "numbers", orNothing(isListOf(isNumber))(completion.tokenIds)],
    [`${at}.logProbs`, "numbers", orNothing(isListOf(isNumber))(completion.logProbs)],
    [`${at}.truncated`, "true or false", orNothing((value) => typeof value === "boolean")(completion.truncated)],
    ...scoreFields(`${at}.score`, completion.score),
  ];
};

const fieldsOf = ({ step, prompt, completions }: Fields): readonly Wanted[] => [
  ["step", "a whole number of at least 0", isStep(step)],
  ["prompt.id", "a text", isRecord(prompt) && isText(prompt.id)],
  ["prompt.messages", "a list of messages", isRecord(prompt) && isListOf(isRecord)(prompt.messages)],
  ["completions", "a list", Array.isArray(completions)],
  ...(Array.isArray(completions) ? completions.flatMap(completionFields) : []),
];

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

/**
 * The saved rollout of a line that `encodeRollout` wrote, or what is wrong with it; its reference is what the file says,
 * unchecked.
 *
 * @example
 * import { decodeRollout } from "@msrl/core";
 * import * as E from "fp-ts/Either";
 * const bad = decodeRollout('{"step": 0, "prompt": {"id": "q1", "messages": []}, "completions": [{"score": 1}]}');
 * assert.strictEqual(E.isLeft(bad) && bad.left.message, "completions[0].text cannot be used, wanted a text");
 * @since 0.1.0
 */
export const decodeRollout = <Reference = unknown>(line: string): E.Either<BadRollout, SavedRollout<Reference>> => {
  const given = parsed(line);
  if (!isRecord(given)) return E.left(tagged("BadRollout", "it is no JSON object", {}));
  const bad = fieldsOf(given).find(([, , fits]) => !fits);
  if (bad === undefined) return E.right(given as unknown as SavedRollout<Reference>);
  const [field, wanted] = bad;
  return E.left(tagged("BadRollout", `${field} cannot be used, wanted ${wanted}`, { field }));
};
