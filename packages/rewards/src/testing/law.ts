import { type CompletionBatch, type RewardError, type Scorable, type Score, toPromise } from "@msrl/core";
import fc from "fast-check";
import type { TaskEither } from "fp-ts/TaskEither";
import { noTask } from "../compose/marks.js";
import type { AnyReward } from "../compose/scoresOf.js";

export type { AnyReward };

/** What a law is checked with. */
export interface LawOptions<Reference> {
  /** What completions are judged against. */
  readonly references: fc.Arbitrary<Reference>;
  /** The completions. */
  readonly texts: fc.Arbitrary<string>;
  /** Made-up cases a law. */
  readonly runs: number;
  /** The same seed, the same cases. */
  readonly seed: number;
}

/** What came of a law. */
export type LawResult =
  | { readonly law: string; readonly holds: true; readonly runs: number }
  | {
      readonly law: string;
      readonly holds: false;
      readonly report: string;
      /** The reward itself failed: what the law says could not be seen. */
      readonly fails?: true;
    };

/** A reward that has no values to compare. */
class RewardFails extends Error {}

/** What breaks a law, in words, and whether that is the reward, which fails. */
export const whyBroken = (thrown: unknown): { readonly reason: string; readonly fails?: true } => ({
  reason: thrown instanceof Error ? thrown.message : String(thrown),
  ...(thrown instanceof RewardFails && { fails: true }),
});

/** The same error, its tag and data with it, as one of the reward itself. */
const failing = (thrown: unknown): never => {
  const message = (thrown as { readonly message?: string } | null)?.message ?? String(thrown);
  throw Object.assign(new RewardFails(message, { cause: thrown }), typeof thrown === "object" ? thrown : {});
};

/** The laws that are broken, and what to say of those that do not hold: a reward that fails is told of once, under `total`. */
export const brokenLaws = (
  results: readonly LawResult[],
): { readonly laws: readonly string[]; readonly reports: readonly string[] } => {
  const unheld = results.flatMap((result) => (result.holds ? [] : [result]));
  const failed = unheld.some(({ law, fails }) => law === "total" && fails);
  const reached = unheld.filter(({ law, fails }) => !failed || !fails || law === "total");
  const rest = unheld.filter((result) => !reached.includes(result)).map(({ law }) => law);
  const unreached = rest.length > 0 ? [`not reached, because the reward fails: ${rest.join(", ")}`] : [];
  return { laws: reached.map(({ law }) => law), reports: [...reached.map(({ report }) => report), ...unreached] };
};

/** The values of a batch by a reward of either kind; throws what the reward fails with. */
export const valuesOf = async <Reference>(
  reward: AnyReward<Reference>,
  batch: CompletionBatch<Reference>,
): Promise<readonly (number | null)[]> => {
  const called = async () => {
    const task: unknown = reward(batch);
    if (typeof task !== "function") throw new Error(noTask(task));
    return toPromise(task as TaskEither<RewardError, readonly (number | null | Score)[]>);
  };
  const given = await called().catch(failing);
  return given.map((each) => (typeof each === "object" && each !== null ? each.value : each));
};

/** A completion of that text, under a prompt of that name, judged against a reference. */
export const judgedText = <Reference>(text: string, reference: Reference, id = "sample"): Scorable<Reference> => ({
  prompt: { id, messages: [{ role: "user", content: [{ type: "text", text: "Which answer is better?" }] }] },
  completion: {
    text,
    tokenIds: Array.from({ length: Math.ceil(text.length / 4) }, (_, at) => text.charCodeAt(4 * at)),
    logProbs: [],
    truncated: false,
  },
  reference,
});

/** Batches of a few groups; completions of one group have one prompt and one reference, as in training. An empty group is
 * none: it lets a case lose any of its completions as it is made smaller. */
export const batches = <Reference>({
  references,
  texts,
}: LawOptions<Reference>): fc.Arbitrary<readonly CompletionBatch<Reference>[]> => {
  const group = fc.tuple(references, fc.array(texts, { maxLength: 5 }));
  return fc
    .array(group, { maxLength: 4 })
    .map((groups) =>
      groups.map(([reference, own], at) => own.map((text) => judgedText(text, reference, `sample ${at}`))),
    );
};

/** A value, short enough to be read in a report. */
export const shownValue = (value: unknown): string => {
  const text = fc.stringify(value);
  return text.length > 400 ? `${text.slice(0, 300)} .. (${text.length} characters)` : text;
};

/** A text and what it is judged against, as a report shows them. */
export const shownJudged = (text: string, reference: unknown): string =>
  `${shownValue(text)} (against ${shownValue(reference)})`;

/** A batch, as a report shows it: the texts and what they are judged against, a completion a line. */
export const shownBatch = (groups: readonly CompletionBatch<unknown>[]): string =>
  groups
    .flat()
    .map(({ prompt, completion, reference }, at) => {
      const against = `against ${shownValue(reference)}, ${prompt.id}`;
      return `completion ${at}: ${shownValue(completion.text)} (${against})`;
    })
    .join("\n    ") || "no completion";

/** Runs a property and reports the smallest case that breaks it, as `show` writes it. */
export const checkLaw = async <Ts extends [unknown, ...unknown[]]>(
  law: string,
  property: fc.IAsyncProperty<Ts>,
  { runs, seed }: { readonly runs: number; readonly seed: number },
  show: (...values: Ts) => string,
): Promise<LawResult> => {
  const details = await fc.check(property, { numRuns: runs, seed });
  if (!details.failed) return { law, holds: true, runs: details.numRuns };
  const { reason, ...fails } = whyBroken(details.errorInstance);
  const found = details.counterexample === null ? "" : `\n  smallest case:\n    ${show(...details.counterexample)}`;
  return { law, holds: false, report: `${law}: ${reason}${found}\n  again with: seed ${seed}`, ...fails };
};

/** A failed expectation inside a law. */
export const broken = (message: string): never => {
  throw new Error(message);
};
