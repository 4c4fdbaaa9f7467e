import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import type { Completion, Rollout } from "../data/completion.js";
import type { Prompt } from "../data/prompt.js";
import { tagged } from "../errors.js";
import type { Policy, PolicyError, Sampling } from "../policy/policy.js";
import { bits, fold, type Key } from "../rng.js";
import type { ChatChoice, ChatModel } from "./chat.js";

/** Tokens that a policy's calls took so far. */
export interface TokenCount {
  readonly prompt: number;
  readonly completion: number;
}

/** A policy that lives on a server: it answers, and cannot be trained or asked about given completions. */
export interface OpenaiPolicy extends Policy<null> {
  /** Tokens that were read and written since the policy was made, as the server counts them. */
  tokens(): TokenCount;
}

const failed = (policy: string, message: string): PolicyError =>
  tagged("PolicyFailed", `policy ${policy}: ${message}`, { policy });

const completionOf = ({ text, truncated, tokens = [], tokenIds = [] }: ChatChoice): Completion => ({
  text,
  tokenIds,
  logProbs: tokens.map(({ logProb }) => logProb),
  truncated,
});

/** Filters as vLLM and SGLang name them; a server that does not know them refuses or leaves them out. */
const filters = ({ topK, topP, minP, repetitionPenalty }: Sampling): Readonly<Record<string, number>> => ({
  ...(topK ? { top_k: topK } : {}),
  ...(topP !== undefined && topP < 1 ? { top_p: topP } : {}),
  ...(minP ? { min_p: minP } : {}),
  ...(repetitionPenalty !== undefined && repetitionPenalty !== 1 ? { repetition_penalty: repetitionPenalty } : {}),
});

/**
 * A policy whose completions come from a chat model: teachers, captioners and judges on a server.
 *
 * Generation only: `logProbs` fails, a trainer refuses it. Completions have the log-probs of their tokens where the server
 * tells them, and token ids where it does (vLLM's `return_token_ids`), else none. A server that gives fewer replies than
 * asked for is asked for the rest. The seed of a request comes from the key, so that a server that honours it repeats
 * itself.
 *
 * What `transformers serve` (tested against 5.23 and 5.24) does otherwise than vLLM: `n` is left out, each reply is a request;
 * no log-probs and no token ids, so that a confidence has to do without (`voteShare`); `topK`, `minP` and
 * `repetitionPenalty` are refused (status 422); a model whose generation_config.json does not say `do_sample` answers
 * greedily at any temperature; requests are worked off one after the other, and the seed is that of the whole process:
 * it repeats itself only if asked for one thing at a time.
 *
 * @example
 * import { key, text, toPromise } from "@msrl/core";
 * import { openaiPolicy } from "@msrl/core/openai";
 * import * as TE from "fp-ts/TaskEither";
 * const echo = { name: "echo", chat: () => TE.right({ choices: [{ text: "A", truncated: false }], promptTokens: 3, completionTokens: 1 }) };
 * const policy = openaiPolicy({ chat: echo });
 * const prompt = { id: "q1", messages: [{ role: "user" as const, content: [text("A or B?")] }] };
 * const [rollout] = await toPromise(policy.sample(null, [prompt], { samples: 2, temperature: 1, maxTokens: 8 }, key(0)));
 * assert.deepStrictEqual(rollout!.completions.map((completion) => completion.text), ["A", "A"]);
 * @since 0.1.0
 */
export const openaiPolicy = ({
  chat,
  name = chat.name,
}: {
  readonly chat: ChatModel;
  readonly name?: string;
}): OpenaiPolicy => {
  let used: TokenCount = { prompt: 0, completion: 0 };

  const group = async (prompt: Prompt, sampling: Sampling, key: Key): Promise<E.Either<PolicyError, Rollout>> => {
    const choices: ChatChoice[] = [];
    while (choices.length < sampling.samples) {
      const seed = bits(fold(key, choices.length), 1)[0]! >>> 1;
      const request = {
        messages: prompt.messages,
        samples: sampling.samples - choices.length,
        temperature: sampling.temperature,
        maxTokens: sampling.maxTokens,
        seed,
        logProbs: true,
        extra: filters(sampling),
      };
      const reply = await chat.chat(request)();
      if (E.isLeft(reply)) return E.left(failed(name, `prompt ${prompt.id}: ${reply.left.message}`));
      const { promptTokens, completionTokens } = reply.right;
      used = { prompt: used.prompt + promptTokens, completion: used.completion + completionTokens };
      choices.push(...reply.right.choices);
    }
    return E.right({ prompt, completions: choices.slice(0, sampling.samples).map(completionOf) });
  };

  return {
    name,
    gives: [],
    tokens: () => used,
    tokenize: () => [],
    sample: (_, prompts, sampling, key) =>
      pipe(
        prompts,
        TE.traverseArrayWithIndex((at, prompt) => () => group(prompt, sampling, fold(key, at))),
      ),
    logProbs: () => TE.left(failed(name, "a chat server does not score given completions")),
  };
};
