import type { Scorable, Score } from "@msrl/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { cutPrompt } from "./cutPrompt.js";
import { bodyOf, isObject, listAt, textAt } from "./read.js";
import { completionOf, promptId } from "./samples.js";
import type { Scoring } from "./scoring.js";

/** A number for every part of every score: trainers make tensors of them, `null` is none. */
const columns = (scores: readonly Score[], parts: readonly string[]) => {
  const values = parts.map((part) => [part, scores.map((score) => score.parts[part] ?? 0)]);
  return Object.fromEntries([...values, ["failed", scores.map(({ failures }) => (failures ? 1 : 0))]]);
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
  const [promptList, labelList] = [prompts ?? [], labels ?? []].map((list, at) =>
    listAt(list, at === 0 ? "prompts" : "labels", options.maxSamples),
  );
  const batch = queries.map((each, at): Scorable<unknown> => {
    const prompt = promptList![at] ?? "";
    const asked = typeof prompt === "string" ? prompt : "";
    const { completion, cut } = cutPrompt(textAt(each, `query[${at}]`), asked, options);
    if (!cut) metrics.promptNotCut();
    return {
      prompt: { id: promptId(prompt), messages: [{ role: "user", content: [{ type: "text", text: asked }] }] },
      completion: completionOf(completion),
      reference: options.reference(labelList![at]),
    };
  });
  const reward = scoring.pick(isObject(request.query) ? request.query.reward : undefined);
  const scores = await scoring.score(reward, batch, reply);
  const values = scores.map(({ value }) => value ?? 0);
  return { rewards: values, scores: values, extra_logs: columns(scores, reward.parts()) };
};
