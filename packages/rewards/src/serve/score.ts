import type { Scorable } from "@msrl/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { bodyOf, isObject, listAt, wholeAt } from "./read.js";
import { scorableOf } from "./samples.js";
import type { Scoring } from "./scoring.js";

/** Our own `/score`: `{ samples, step, reward }` to `{ parts, scores }`, with reasons and failures. */
export const score = (scoring: Scoring) => async (request: FastifyRequest, reply: FastifyReply) => {
  const { options } = scoring;
  const { samples, step, reward } = bodyOf(request.body);
  const list = listAt(samples, "samples", options.maxSamples);
  const { reference, decodeImage } = options;
  const picked = scoring.pick(reward ?? (isObject(request.query) ? request.query.reward : undefined));
  const at = wholeAt(step, "step", 0);
  const batch: Scorable<unknown>[] = [];
  for (const [index, sample] of list.entries())
    batch.push(await scorableOf(sample, `samples[${index}]`, reference, decodeImage));
  const scores = await scoring.score(picked, batch, reply, at);
  return { parts: picked.parts(), scores };
};
