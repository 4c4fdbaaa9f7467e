import type { Mark, Message, Reward, Scorable } from "@msrl/core";
import { atLeast, checkOptions, type Rule, type Rules, wholeFrom } from "@msrl/core/configuration";
import { callable } from "../compose/arguments.js";
import { perCompletionTask } from "../compose/perCompletionTask.js";
import { type AskOptions, ask, askDefaults, endOf, unreadable } from "./ask.js";

/** Settings of {@link referee}. */
export interface RefereeOptions<Reference> extends AskOptions {
  /** What the reward is called. */
  readonly name: string;
  /** What the referee is asked: a view of the trace, f.e. its last lines; `null`: the reward does not apply. */
  readonly render: (judged: Scorable<Reference>) => readonly Message[] | null;
  /** Reads the reply; `null`: unreadable, it is asked again. */
  readonly parse: (reply: string) => number | null;
  /** Value where no reply could be read. */
  readonly abstain: number | null;
  /** Completions asked about at a time, at most. */
  readonly concurrency: number;
}

/** Defaults of {@link referee}: three attempts, then no value. */
export const refereeDefaults = { ...askDefaults, name: "referee", abstain: null, concurrency: 8 } as const;

const text: Rule = { wanted: "a name", fits: (value) => typeof value === "string" && value !== "" };
const abstention: Rule = {
  wanted: "a finite number or null",
  fits: (value) => value === null || Number.isFinite(value),
};
const model: Rule = {
  wanted: "a chat model, f.e. openaiChat(..)",
  fits: (value) => typeof (value as { readonly chat?: unknown } | undefined)?.chat === "function",
};

/** Rules of how a judge is asked. */
export const askRules: Rules<AskOptions> = {
  chat: model,
  temperature: atLeast(0),
  maxTokens: wholeFrom(1),
  attempts: wholeFrom(1),
};

/**
 * A reward from another model's reply on a view of the completion, with a rule that reads it.
 *
 * A reply that cannot be read is asked for again with another seed; after the last attempt the completion has the value
 * `abstain`, and its reason ends with what was said last. A judge that cannot be reached fails the completion, which `weightedSum` treats by
 * the part's `onFailure`; waits, retries and limits of the connection are those of the chat model, caching and circuit
 * breaking are wrapped around (`cached`, `circuitBreaker`).
 *
 * R1-Reward (2025), https://arxiv.org/abs/2505.02835, has a referee of its reasoning.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { referee } from "@msrl/rewards";
 * import * as TE from "fp-ts/TaskEither";
 * const chat = { name: "judge", chat: () => TE.right({ choices: [{ text: "Yes.", truncated: false }], promptTokens: 0, completionTokens: 0 }) };
 * const reward = referee({
 *   chat,
 *   render: ({ completion }) => [{ role: "user", content: [{ type: "text", text: `Is this polite? ${completion.text}` }] }],
 *   parse: (reply) => (/^yes/i.test(reply) ? 1 : /^no/i.test(reply) ? 0 : null),
 * });
 * const completion = { text: "please", tokenIds: [], logProbs: [], truncated: false };
 * assert.deepStrictEqual(await toPromise(reward([{ prompt: { id: "q1", messages: [] }, completion, reference: {} }])), [1]);
 * @since 0.1.0
 */
export const referee = <Reference>(
  options: Partial<RefereeOptions<Reference>> & Pick<RefereeOptions<Reference>, "chat" | "render" | "parse">,
): Reward<Reference> => {
  const rules: Rules<RefereeOptions<Reference>> = {
    ...askRules,
    name: text,
    render: callable,
    parse: callable,
    abstain: abstention,
    concurrency: wholeFrom(1),
  };
  const checked = checkOptions<RefereeOptions<Reference>>("referee", rules, refereeDefaults, options);
  const { name, render, parse, abstain, concurrency } = checked;
  return perCompletionTask<Reference>(
    name,
    async (judged, { signal }): Promise<Mark> => {
      const messages = render(judged);
      if (messages === null) return { value: null };
      const answered = await ask(checked, messages, parse, signal);
      if ("unread" in answered) return { value: abstain, reason: unreadable("reply", checked, answered.unread) };
      return { value: answered.value, reason: endOf(answered.reply) };
    },
    { concurrency },
  );
};
