import { isTagged } from "@msrl/core";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { chat, models } from "./chat.js";
import { getReward } from "./getReward.js";
import { guard } from "./guard.js";
import { readJson } from "./jsonBody.js";
import { openApi, page } from "./openApi.js";
import { type ServeOptions, serveOptions } from "./options.js";
import { type Refusal, refusal, refusalBody } from "./refusal.js";
import { runCode } from "./runCode.js";
import { score } from "./score.js";
import { type Scoring, scoring } from "./scoring.js";

/** Words for what the HTTP framework refuses by itself. */
const tags: Readonly<Record<number, readonly [tag: string, message?: string]>> = {
  400: ["BadRequest"],
  408: ["TooSlow", "the request did not come in time"],
  413: ["TooLarge", "the request is larger than the server takes"],
  415: ["WrongType", "wanted a body of JSON: content-type: application/json"],
  431: ["TooLarge", "the headers are larger than the server takes"],
  503: ["Closing", "the server is closing"],
};

const asRefusal = (error: FastifyError | Refusal): Refusal => {
  if (isTagged(error) && "status" in error) return error as Refusal;
  const status = (error as FastifyError).statusCode ?? 500;
  const [tag, message] = tags[status] ?? (status < 500 ? ["BadRequest"] : ["ServerError"]);
  return refusal(status, tag!, message ?? error.message);
};

const send = (reply: FastifyReply, { status, name, message, field, retryAfter }: Refusal) => {
  if (retryAfter !== undefined) reply.header("retry-after", retryAfter);
  if (status === 401) reply.header("www-authenticate", "Bearer");
  return reply.code(status).send(refusalBody(name, message, field));
};

/** Answers on a socket whose request is no HTTP, or did not come in time. */
const onClientError = (
  error: Error & { readonly code?: string },
  socket: NodeJS.WritableStream & { destroy(): void; writable: boolean },
) => {
  if (error.code === "ECONNRESET" || !socket.writable) return socket.destroy();
  const [status, words] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? [408, "Request Timeout"]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? [431, "Request Header Fields Too Large"]
        : [400, "Bad Request"];
  const [tag, message] = tags[status as number]!;
  const body = JSON.stringify(refusalBody(tag, message ?? "this is no HTTP request"));
  socket.end(
    `HTTP/1.1 ${status} ${words}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
};

/** Routes that need no token: whoever watches over the server asks them. */
const open = new Set(["/health"]);

const routes = (app: FastifyInstance, shared: Scoring): void => {
  app.post("/score", score(shared));
  app.post("/get_reward", getReward(shared));
  app.post("/v1/chat/completions", chat(shared));
  app.get("/v1/models", models(shared));
  app.post("/run_code", runCode(shared));
  app.get("/health", async () => ({ status: "ok" }));
  app.get("/openapi.json", async () => openApi);
  app.get("/", async (_, reply) => reply.type("text/html; charset=utf-8").send(page));
  app.get("/metrics", async (_, reply) =>
    reply.type("text/plain; version=0.0.4; charset=utf-8").send(shared.metrics.text(shared.gauges())),
  );
};

/**
 * The server's application, which does not listen: for `inject` in tests, or inside a fastify of your own.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { perCompletion } from "@msrl/rewards";
 * import { rewardApp } from "@msrl/rewards/serve";
 * const app = rewardApp({ reward: perCompletion("brief", (text) => (text.length < 9 ? 1 : 0)) });
 * const body = { query: ["Why? Because"], prompts: ["Why?"], labels: [null] };
 * const reply = await app.inject({ method: "POST", url: "/get_reward", headers: { host: "localhost" }, payload: body });
 * assert.deepStrictEqual(reply.json(), { rewards: [1], scores: [1], extra_logs: { brief: [1], failed: [0] } });
 * await app.close();
 * @since 0.1.0
 */
export const rewardApp = (given: Partial<ServeOptions> & Pick<ServeOptions, "reward">): FastifyInstance => {
  const options = serveOptions(given);
  const shared = scoring(options);
  const mayEnter = guard(options.token);
  const app = fastify({
    bodyLimit: options.bodyLimit,
    requestTimeout: options.timeout,
    http: {
      requestTimeout: options.timeout,
      headersTimeout: Math.min(60_000, options.timeout), // Node takes the longer of both for the whole request
      connectionsCheckingInterval: Math.min(1000, options.timeout),
    },
    return503OnClosing: true,
    routerOptions: { ignoreTrailingSlash: true },
    clientErrorHandler: onClientError as never,
  });
  app.addHook("onRequest", (request: FastifyRequest, reply, next) => {
    const refused = open.has(request.routeOptions.url ?? "") ? undefined : mayEnter(request);
    if (refused) send(reply, refused);
    else next();
  });
  app.addHook("onResponse", (request, reply, next) => {
    const route = request.is404 ? "other" : (request.routeOptions.url ?? "other");
    shared.metrics.answered(route, reply.statusCode, reply.elapsedTime / 1000);
    next();
  });
  app.setErrorHandler((error: FastifyError, _, reply) => send(reply, asRefusal(error)));
  app.setNotFoundHandler((request, reply) =>
    send(
      reply,
      refusal(404, "NotFound", `there is no ${request.method} ${request.url.split("?")[0]} here; see /openapi.json`),
    ),
  );
  readJson(app);
  routes(app, shared);
  return app;
};
