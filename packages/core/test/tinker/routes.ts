import type { IncomingMessage } from "node:http";
import { type EngineOptions, type ScriptedEngine, Status } from "./engine.js";
import { type Body, type Outcome, passFromBytes, passFromJson, tokensOf } from "./messages.js";

/**
 * What a request meets, one a request in their order: statuses before it is read; `closed`: no answer, nothing done; `lost`
 * and `500 after`: done, and no answer, or 500; `cut`: half an answer; `garbage`: no JSON; `forgotten`: accepted and
 * forgotten, or 410; `nan`, `short`: a broken result once; `tryAgain`; `hang`: never an answer.
 */
export type Fault =
  | "ok"
  | "429"
  | "408"
  | "500"
  | "503"
  | "closed"
  | "lost"
  | "500 after"
  | "cut"
  | "garbage"
  | "forgotten"
  | "nan"
  | "short"
  | "tryAgain"
  | "hang";

/** How the server is. */
export interface TinkerServerOptions extends Partial<EngineOptions> {
  /** The wires it takes for passes. */
  readonly wires?: "both" | "protobuf" | "json";
  /** Whether a save is known by its number, or refused as taken when it is asked for twice. */
  readonly savesNumbered?: boolean;
}

/** One request. */
export interface Call {
  readonly path: string;
  readonly request: IncomingMessage;
  readonly raw: Buffer;
  readonly body: Body;
  readonly fault: Fault;
}

const future = (id: string, more: object = {}) => ({ request_id: id, ...more });
/** Checkpoints of a model: the list, or an archive of one. */
export const checkpointPath = /^training_runs\/([^/]+)\/checkpoints(?:\/([^/]+)\/(archive|download))?$/;

/** Answers of the engine by path; a number and bytes where it is no JSON. */
export const routes = (engine: ScriptedEngine, { wires = "both", savesNumbered = true }: TinkerServerOptions) => {
  const pass = ({ request, raw, fault }: Call): object => {
    const protobuf = request.headers["content-type"] === "application/x-protobuf";
    if (protobuf && wires === "json") throw new Status(500, "Internal Server Error");
    if (!protobuf && wires === "protobuf") throw new Status(415, "requires a application/x-protobuf body");
    const read = protobuf ? passFromBytes(raw) : passFromJson(JSON.parse(raw.toString()));
    return future(
      engine.numbered(read.model, read.seqId, JSON.stringify(read), fault === "forgotten", () => engine.pass(read)),
    );
  };
  const save = ({ body, path, fault }: Call): object => {
    const kind = path === "save_weights" ? "weights" : "sampler_weights";
    const name = body.path ?? `ss${body.sampling_session_seq_id}_seq${body.seq_id}`;
    engine.held(body.model_id);
    const taken = engine.saved.has(`tinker://${body.model_id}/${kind}/${name}`);
    if (!savesNumbered && taken) throw new Status(409, `Checkpoint '${name}' already exists`);
    const run = (): Outcome => {
      const at = engine.save(body.model_id, kind, name);
      if (body.path !== undefined) return { type: "json", value: { path: at } };
      const sampler = engine.name("sampling");
      engine.samplers.set(sampler, engine.saved.get(at)!);
      return { type: "json", value: { path: null, sampling_session_id: sampler } };
    };
    return future(engine.numbered(body.model_id, body.seq_id, JSON.stringify(body), fault === "forgotten", run));
  };
  const table: Record<string, (call: Call) => object> = {
    get_server_capabilities: () => ({ supported_models: [{ model_name: "bigram" }] }),
    create_session: () => {
      const id = engine.name("session");
      engine.sessions.add(id);
      return { session_id: id };
    },
    session_heartbeat: ({ body }) => {
      if (!engine.sessions.has(body.session_id)) throw new Status(404, "Session not found");
      engine.heartbeats++;
      return {};
    },
    create_model: ({ body }) => {
      const id = engine.createModel(body.session_id);
      return future(
        engine.now(() => ({ type: "json", value: { model_id: id } })),
        { model_id: id },
      );
    },
    forward_backward: pass,
    forward: pass,
    optim_step: ({ body, fault }) => {
      const run = () => engine.step(body.model_id, body.adam_params);
      return future(engine.numbered(body.model_id, body.seq_id, JSON.stringify(body), fault === "forgotten", run));
    },
    save_weights: save,
    save_weights_for_sampler: save,
    load_weights: ({ body, fault }) => {
      if (engine.held(body.model_id).used) throw new Status(400, "LoadWeights is not permitted");
      const run = () => engine.load(body.model_id, body.path, body.optimizer);
      return future(engine.numbered(body.model_id, body.seq_id, JSON.stringify(body), fault === "forgotten", run));
    },
    asample: ({ body }) => future(engine.now(() => engine.sample(body, tokensOf(body.prompt)))),
    unload_model: ({ body }) => {
      engine.held(body.model_id);
      engine.models.delete(body.model_id);
      return future(engine.now(() => ({ type: "json", value: {} })));
    },
  };
  return table;
};
