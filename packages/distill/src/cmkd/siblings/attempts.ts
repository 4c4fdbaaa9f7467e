import { type Completion, fold, type Key, type Label, type Prompt, toPromise } from "@msrl/core";
import { checkOptions, type Rules, wholeFrom } from "@msrl/core/configuration";
import type { PolicyError, Sampling } from "@msrl/core/policy";
import * as E from "fp-ts/Either";
import type * as TE from "fp-ts/TaskEither";
import type { FilterOptions } from "../filter.js";
import type { Teacher } from "../run/options.js";

/** A prompt of the teacher, and the verdict that is right. */
export interface LabelledPrompt {
  readonly prompt: Prompt;
  readonly label: Label;
}

/** What a teacher's tries gave. */
export interface Attempted extends LabelledPrompt {
  /** The first try that was right, from 1; `null`: none was. */
  readonly difficulty: number | null;
  /** That try. */
  readonly trace: Completion | null;
  /** All tries up to it. */
  readonly tries: readonly Completion[];
}

/** Settings of {@link attempts}. */
export interface AttemptsOptions<State> extends FilterOptions {
  readonly teacher: Teacher<State>;
  /** Tries at most; R1-Reward has 3. */
  readonly tries?: number;
  /** A temperature above 0: else all tries are the same. */
  readonly sampling: Omit<Sampling, "samples">;
  readonly key: Key;
}

/** Defaults of {@link attempts}. */
export const attemptsDefaults = { tries: 3 } as const;

const rules: Rules<{ readonly tries: number }> = { tries: wholeFrom(1) };

const isRight = ({ hasFormat, readVerdict }: FilterOptions, { text }: Completion, label: Label): boolean =>
  hasFormat(text) && readVerdict(text) === label;

/**
 * What tries at a sample say of its difficulty: the place of the first right one of them, from 1; `null` if none is.
 *
 * Right is a try of the asked form whose verdict is the label.
 *
 * @example
 * import { difficultyOf } from "@msrl/distill";
 * const difficulty = difficultyOf({ hasFormat: () => true, readVerdict: (text) => (text === "A" ? "A" : "B") });
 * const tries = ["B", "A", "A"].map((text) => ({ text, tokenIds: [], logProbs: [], truncated: false }));
 * assert.deepStrictEqual([difficulty(tries, "A"), difficulty(tries.slice(0, 1), "A")], [2, null]);
 * @since 0.1.0
 */
export const difficultyOf =
  (options: FilterOptions) =>
  (tries: readonly Completion[], label: Label): number | null => {
    const at = tries.findIndex((each) => isRight(options, each, label));
    return at < 0 ? null : at + 1;
  };

/** The TaskEither door of {@link attempts}. */
export const attemptsTask = <State>(options: AttemptsOptions<State>) => {
  const { teacher, sampling, key, readVerdict, hasFormat } = options;
  const { tries } = checkOptions(
    "attempts",
    rules,
    attemptsDefaults,
    options.tries === undefined ? {} : { tries: options.tries },
  );
  const difficulty = difficultyOf({ readVerdict, hasFormat });
  return (samples: readonly LabelledPrompt[]): TE.TaskEither<PolicyError, readonly Attempted[]> =>
    async () => {
      const made: Completion[][] = samples.map(() => []);
      const open = (): readonly number[] =>
        samples.flatMap(({ label }, at) => (difficulty(made[at]!, label) === null ? [at] : []));
      for (let turn = 1, left = open(); turn <= tries && left.length > 0; turn++, left = open()) {
        const prompts = left.map((at) => samples[at]!.prompt);
        const own = fold(fold(key, "attempts"), turn);
        const drawn = await teacher.policy.sample(teacher.state, prompts, { ...sampling, samples: 1 }, own)();
        if (E.isLeft(drawn)) return drawn;
        for (const [place, { completions }] of drawn.right.entries()) made[left[place]!]!.push(...completions);
      }
      return E.right(
        samples.map((sample, at) => {
          const first = difficulty(made[at]!, sample.label);
          return {
            ...sample,
            difficulty: first,
            trace: first === null ? null : made[at]![first - 1]!,
            tries: made[at]!,
          };
        }),
      );
    };
};

/**
 * Lets a teacher try each labelled sample until it is right, `tries` times at most: the right try is a trace for supervised
 * fine-tuning, its number the sample's difficulty.
 *
 * Only samples that are still open are asked again; the tries of a turn are one call. R1-Reward fine-tunes on the right tries
 * and then reinforces on the samples of difficulty 2 and more, or `null`. Its teacher has temperature 0, at which tries differ
 * by nothing but a server's noise: take one above 0. This is the Promise door: throws the teacher's tagged errors.
 *
 * R1-Reward (2025), https://arxiv.org/abs/2505.02835.
 *
 * @throws ConfigurationError for a number of tries that cannot be.
 * @example
 * import { key } from "@msrl/core";
 * import type { Policy } from "@msrl/core/policy";
 * import { attempts } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * let turn = 0; // wrong at first, then right
 * const policy: Policy<null> = {
 *   name: "scripted",
 *   gives: [],
 *   tokenize: () => [],
 *   sample: (_, prompts) => {
 *     const text = turn++ === 0 ? "B" : "A";
 *     return TE.right(prompts.map((prompt) => ({ prompt, completions: [{ text, tokenIds: [], logProbs: [], truncated: false }] })));
 *   },
 *   logProbs: () => TE.right([]),
 * };
 * const attempt = attempts({
 *   teacher: { policy, state: null },
 *   sampling: { temperature: 1, maxTokens: 8 },
 *   hasFormat: () => true,
 *   readVerdict: (text) => (text === "A" ? "A" : "B"),
 *   key: key(1),
 * });
 * const [attempted] = await attempt([{ prompt: { id: "s1", messages: [] }, label: "A" }]);
 * assert.deepStrictEqual([attempted!.difficulty, attempted!.tries.length], [2, 2]);
 * @since 0.1.0
 */
export const attempts = <State>(options: AttemptsOptions<State>) => {
  const attempt = attemptsTask(options);
  return (samples: readonly LabelledPrompt[]): Promise<readonly Attempted[]> => toPromise(attempt(samples));
};
