const text = { type: "string" };
const number = { type: "number" };
const orNull = (schema: object) => ({ oneOf: [schema, { type: "null" }] });
const list = (items: object) => ({ type: "array", items });
const byName = (schema: object) => ({ type: "object", additionalProperties: schema });
const object = (properties: Readonly<Record<string, object>>, required: readonly string[] = []) => ({
  type: "object",
  properties,
  ...(required.length > 0 && { required }),
});
const any = {};

const image = {
  description: "A path or an address, which the reward gets as it is and nobody opens, a data URL, or base64.",
  oneOf: [text, object({ base64: text }, ["base64"])],
};
const message = object({ role: text, content: { oneOf: [text, list({ type: "object" })] } }, ["role", "content"]);
const textOrMessages = { oneOf: [text, list(message)] };
const sample = object(
  {
    completion: textOrMessages,
    prompt: textOrMessages,
    reference: { description: "What the reward judges against; a text is both `label` and `answer`." },
    images: list(image),
    id: {
      ...text,
      description: "Completions of one id that follow one another are a group; by default those of equal prompts.",
    },
    tokenIds: list({ type: "integer" }),
    truncated: { type: "boolean" },
  },
  ["completion"],
);
const score = object(
  { value: orNull(number), parts: byName(orNull(number)), reasons: byName(text), failures: byName(text) },
  ["value", "parts"],
);

const errorBody = object({ error: object({ tag: text, message: text, field: text }, ["tag", "message"]) }, ["error"]);
const json = (schema: object) => ({ "application/json": { schema } });
const chosen = [{ name: "reward", in: "query", required: false, schema: text, description: "Name of a reward." }];

const post = (summary: string, body: object, answer: object, parameters: readonly object[] = []) => ({
  post: {
    summary,
    ...(parameters.length > 0 && { parameters }),
    requestBody: { required: true, content: json(body) },
    responses: {
      200: { description: "Answered.", content: json(answer) },
      default: { description: "Not answered, and why.", content: json(errorBody) },
    },
  },
});
const get = (summary: string, type: string, schema: object) => ({
  get: { summary, responses: { 200: { description: "Answered.", content: { [type]: { schema } } } } },
});

/** The description of the server's routes, OpenAPI 3.1. */
export const openApi = {
  openapi: "3.1.0",
  info: {
    title: "MSRL rewards",
    version: "0.1.0",
    description: "Rewards over HTTP. A completion that cannot be judged has the value null and says why in `failures`.",
  },
  security: [{}, { bearer: [] }],
  components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
  paths: {
    "/score": post(
      "Scores completions.",
      object({ samples: list(sample), step: { type: "integer", minimum: 0 }, reward: text }, ["samples"]),
      object({ parts: list(text), scores: list(score) }, ["parts", "scores"]),
      chosen,
    ),
    "/get_reward": post(
      "OpenRLHF's remote reward: a query is prompt and response in one.",
      object({ query: list(text), prompts: list(text), labels: list(any) }, ["query"]),
      object({ rewards: list(number), scores: list(number), extra_logs: byName(list(number)) }),
      chosen,
    ),
    "/v1/models": get(
      "The rewards as models.",
      "application/json",
      object({ object: text, data: list({ type: "object" }) }),
    ),
    "/v1/chat/completions": post(
      "The reward as a generative reward model says it: reasons, then [[0]] to [[10]].",
      object({ model: text, messages: list(message), reference: any }, ["messages"]),
      object({ choices: list({ type: "object" }) }),
    ),
    "/run_code": post(
      "SandboxFusion's, passed on to the configured sandbox.",
      object({ code: text, language: text, stdin: orNull(text), compile_timeout: number, run_timeout: number }, [
        "code",
      ]),
      object({ status: text }),
    ),
    "/health": get("Whether the server answers.", "application/json", object({ status: text })),
    "/metrics": get("Counts, as Prometheus reads them.", "text/plain", text),
  },
} as const;

const rows = Object.entries(openApi.paths).map(([path, methods]) => {
  const [[method, { summary }] = ["get", { summary: "" }]] = Object.entries<{ readonly summary: string }>(methods);
  return `<tr><td>${method.toUpperCase()}</td><td>${path}</td><td>${summary}</td></tr>`;
});

/** A page for who opens the server in a browser. */
export const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>MSRL rewards</title>
<style>body{font:16px/1.5 system-ui;max-width:50rem;margin:3rem auto;padding:0 1rem}td{padding:.2rem .8rem .2rem 0;vertical-align:top}pre{background:#8882;padding:1rem;overflow:auto}</style>
<h1>MSRL rewards</h1><table>${rows.join("")}</table>
<pre>curl -H "content-type: application/json" -d '{"samples":[{"completion":"&lt;answer&gt;A&lt;/answer&gt;","reference":{"label":"A"}}]}' "$URL/score"</pre>
<p>All of it: <a href="openapi.json">openapi.json</a></p></html>
`;
