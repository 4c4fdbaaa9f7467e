import type { FastifyInstance } from "fastify";
import { afterEach } from "vitest";
import { accuracy, format, weightedSum } from "../src/index.js";
import type { ServeOptions } from "../src/serve/options.js";
import { rewardApp } from "../src/serve/rewardApp.js";

/** Accuracy and format, weights 1 and 0.2. */
export const both = weightedSum({
  accuracy: { reward: accuracy(), weight: 1 },
  format: { reward: format({ tags: ["think", "answer"] }), weight: 0.2 },
});
const apps: FastifyInstance[] = [];

/** An application that the test's end closes. */
export const serve = (options: Partial<ServeOptions> = {}): FastifyInstance => {
  const app = rewardApp({ reward: both, ...options });
  apps.push(app);
  return app;
};

/** Headers of a client on this machine. */
export const headers = { host: "localhost:8400" };

/** Posts JSON, or a text as if it were. */
export const post = async (app: FastifyInstance, url: string, payload: object | string, more: object = {}) => {
  const type = typeof payload === "string" ? { "content-type": "application/json" } : {};
  const reply = await app.inject({ method: "POST", url, payload, headers: { ...headers, ...type, ...more } });
  return { status: reply.statusCode, body: reply.json(), headers: reply.headers };
};

/** A completion of the right form. */
export const answer = (letter: string): string => `<think>so</think><answer>${letter}</answer>`;

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
