import type { Scorable, Score } from "@msrl/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { cutPrompt } from "./cutPrompt.js";
import { bodyOf, isObject, listAt, textAt } from "./read.js";
import { badField } from "./refusal.js";
import { completionOf, promptId } from "./samples.js";
import type { Scoring } from "./scoring.js";

/** A number for every part of every score: trainers make tensors of them, `null` is none. */
const columns = (scores: readonly Score[], parts: readonly string[]) => {
  const values = parts.map((part) => [part, scores.map((score) => score.parts[part] ?? 0)]);
  return Object.fromEntries([...values, ["failed", scores.map(({ failures }) => (failures ? 1 : 0))]]);
};

/** A list with an entry for every query, or none: a query must not be judged against the label of another. */
const besides = (queries: readonly unknown[], list: unknown, field: string, limit: number): readonly unknown[] => {
  const found = listAt(list ?? [], field, limit);
  if (found.length === 0 || queries.length === 0 || found.length === queries.length) return found;
  throw badField(field, `${queries.length} entries, one a query, or none; given ${found.length}`);
};

/**
 * OpenRLHF's `/get_reward`: `{ query, prompts, labels }` to `{ rewards, scores, extra_logs }`.
 *
 * A list of none is answered like any other. What failed, or does not apply, is 0: a trainer that gets no number stops.
 */
export const getReward = (scoring: Scoring) => async (request: FastifyRequest, reply: FastifyReply) => {
  const { options, metrics } = scoring;
  const { query, prompts, labels } = bodyOf(request.body);
  const queries = listAt(query, "query", options.maxSamples);
  const [promptList, labelList] = [
    besides(queries, prompts, "prompts", options.maxSamples),
    besides(queries, labels, "labels", options.maxSamples),
  ];
  const batch = queries.map((each, at): Scorable<unknown> => {
    const prompt = promptList[at] ?? "";
    const asked = typeof prompt === "string" ? prompt : "";
    const { completion, cut } = cutPrompt(textAt(each, `query[${at}]`), asked, options);
    if (!cut) metrics.promptNotCut();
    return {
      prompt: { id: promptId(prompt), messages: [{ role: "user", content: [{ type: "text", text: asked }] }] },
      completion: completionOf(completion),
      reference: options.reference(labelList[at]),
    };
  });
  const reward = scoring.pick(isObject(request.query) ? request.query.reward : undefined);
  const scores = await scoring.score(reward, batch, reply);
  const values = scores.map(({ value }) => value ?? 0);
  return { rewards: values, scores: values, extra_logs: columns(scores, reward.parts()) };
};
