import { deepStrictEqual as equal, match, ok } from "node:assert";
import { key, type Prompt, text, toPromise } from "@msrl/core";
import { openaiChat, openaiPolicy } from "@msrl/core/openai";

/** What the client makes of what this server does otherwise than others; a line of it. */
export const client = async (url: string, model: string): Promise<string> => {
  const chat = openaiChat({ url, model, concurrency: 1, attempts: 1 });
  const messages = [{ role: "user" as const, content: [text("A or B?")] }];
  const prompt: Prompt = { id: "q", messages };
  const request = { messages, temperature: 1, maxTokens: 6, seed: 5, samples: 2, logProbs: true };
  const [reply, again] = [await toPromise(chat.chat(request)), await toPromise(chat.chat(request))];
  equal(reply, again); // the seed counts, where one thing is asked at a time
  equal([reply.choices.length, reply.choices[0]!.tokens], [1, undefined]);
  ok(reply.promptTokens > 0 && reply.completionTokens > 0 && reply.completionTokens <= 6);
  const policy = openaiPolicy({ chat });
  const sampling = { samples: 3, temperature: 1, maxTokens: 6 };
  const [rollout] = await toPromise(policy.sample(null, [prompt], sampling, key(1)));
  equal(
    rollout!.completions.map(({ logProbs, tokenIds }) => [...logProbs, ...tokenIds]),
    [[], [], []],
  );
  const refused = await policy.sample(null, [prompt], { ...sampling, topK: 5 }, key(1))();
  match(refused._tag === "Left" ? refused.left.message : "", /status 422.*top_k/);
  return "one reply a request, no log-probs, tokens counted, seeds repeat, top_k refused by name";
};
