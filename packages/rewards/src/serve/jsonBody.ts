import type { FastifyInstance } from "fastify";

/** What a body has to hold, as it is or escaped, for one of its names to reach a prototype. */
const poison = ["__proto__", "constructor", "\\u"] as const;

/** Reads JSON as fastify does, which looks twice through every body for such names: here only through those that may have one. */
export const readJson = (app: FastifyInstance): void => {
  const careful = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body: string, done) => {
    if (poison.some((name) => body.includes(name))) return careful(request, body, done);
    try {
      done(null, JSON.parse(body));
    } catch {
      careful(request, body, done); // names what is wrong
    }
  });
};
