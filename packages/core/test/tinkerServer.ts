import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { bytesOf } from "../src/tinker/bytes.js";
import { ScriptedEngine, Status } from "./tinker/engine.js";
import { type Outcome, send, written } from "./tinker/messages.js";
import { type Call, checkpointPath, type Fault, routes, type TinkerServerOptions } from "./tinker/routes.js";
import { tarOf } from "./tinker/tarOf.js";

export type { Fault, TinkerServerOptions };

/** A server in this process that speaks both wires of the Tinker API and misbehaves as it is told. */
export interface TinkerServer {
  readonly url: string;
  readonly engine: ScriptedEngine;
  /** Faults of the requests to come, the first one first. */
  readonly faults: Fault[];
  /** Paths asked for, with their headers and bodies. */
  readonly asked: { readonly path: string; readonly headers: IncomingMessage["headers"]; readonly body: Buffer }[];
  /** All answer this, whatever is asked, until it is undefined again. */
  down: Fault | undefined;
  readonly close: () => Promise<void>;
}

const broken = (outcome: Outcome, fault: Fault): Outcome => {
  if (outcome.type === "pass" && fault === "nan")
    return { ...outcome, logProbs: outcome.logProbs.map((row) => row.map(() => Number.NaN)) };
  if (outcome.type === "pass" && fault === "short")
    return { ...outcome, logProbs: outcome.logProbs.map((row) => row.slice(1)) };
  return outcome;
};

/** Starts a server on a free port of this machine. */
export const tinkerServer = async (options: TinkerServerOptions = {}): Promise<TinkerServer> => {
  const {
    vocabulary = 5,
    reduction = "sum",
    numbered = true,
    gradNorm = true,
    promptFirst = false,
    token = "",
  } = options;
  const strict = options.strict ?? options.savesNumbered ?? true; // who numbers no saves has to allow for gaps
  const engine = new ScriptedEngine({ vocabulary, reduction, numbered, strict, gradNorm, promptFirst, token });
  const table = routes(engine, options);
  const faults: Fault[] = [];
  const asked: TinkerServer["asked"] = [];

  const retrieve = ({ body, fault, request }: Call, response: ServerResponse) => {
    const found = engine.futures.get(body.request_id);
    if (found === undefined) return send(response, 404, { detail: "Future not found" });
    if (found === "gone" || fault === "forgotten") return send(response, 410, { detail: "gone" });
    if (found === "waiting" || fault === "tryAgain")
      return send(response, 200, { type: "try_again", queue_state: "active" });
    const wire = request.headers.accept === "application/x-protobuf" ? "protobuf" : "json";
    const { status, type, bytes } = written(broken(found, fault), wire);
    response.writeHead(status, { "content-type": type }).end(bytes);
  };
  const checkpoints = ({ path, request }: Call, response: ServerResponse) => {
    const [, model, name, what] = checkpointPath.exec(path)!;
    const saved = engine.saved.get(`tinker://${model}/sampler_weights/${name}`);
    if (name === undefined) {
      const mine = [...engine.saved.keys()].filter((one) => one.startsWith(`tinker://${model}/`));
      const list = mine.map((one) => ({
        checkpoint_id: one.split("/").at(-1),
        checkpoint_type: one.includes("/weights/") ? "training" : "sampler",
        tinker_path: one,
      }));
      return send(response, 200, { checkpoints: list });
    }
    if (!saved) return send(response, 404, { detail: "Checkpoint not found" });
    if (what === "archive")
      return void response.writeHead(302, { location: request.url!.replace("archive", "download") }).end();
    const files = {
      "adapter_config.json": Buffer.from('{"r":8}'),
      "adapter_model.safetensors": bytesOf(Float32Array.from(saved.table)),
    };
    response.writeHead(200, { "content-type": "application/gzip" }).end(gzipSync(tarOf(files)));
  };

  const answer = (call: Call, response: ServerResponse) => {
    const { path, fault } = call;
    try {
      if (path === "retrieve_future") return retrieve(call, response);
      if (checkpointPath.test(path)) return checkpoints(call, response);
      const route = table[path];
      if (!route) throw new Status(404, `no route ${path}`);
      const value = route(call);
      if (fault === "500 after") send(response, 500, { detail: "after" });
      else send(response, 200, value);
    } catch (thrown) {
      if (!(thrown instanceof Status)) throw thrown;
      send(response, thrown.status, { detail: thrown.message });
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const path = request.url!.replace("/api/v1/", "");
    asked.push({ path, headers: request.headers, body: raw });
    const fault = server.down ?? faults.shift() ?? "ok";
    if (fault === "hang") return;
    if (fault === "closed") return void request.socket.destroy();
    if (/^\d+$/.test(fault)) return send(response, Number(fault), { detail: `scheduled ${fault}` });
    const json = request.headers["content-type"] === "application/json";
    const call = { path, request, raw, body: json ? JSON.parse(raw.toString()) : undefined, fault };
    if (fault !== "lost" && fault !== "cut" && fault !== "garbage") return answer(call, response);
    const { writeHead } = response;
    Object.assign(response, { writeHead: () => response, end: () => response });
    answer(call, response);
    if (fault === "lost") return void request.socket.destroy();
    Reflect.deleteProperty(response, "end");
    Object.assign(response, { writeHead });
    response.writeHead(200, { "content-type": "application/json", "content-length": fault === "cut" ? 100 : 3 });
    if (fault === "cut") response.write('{"req', () => request.socket.destroy());
    else response.end("{no");
  };

  const http = createServer(
    (request, response) => void handle(request, response).catch(() => request.socket.destroy()),
  );
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  const close = async () => {
    http.closeAllConnections();
    await new Promise((closed) => http.close(closed));
  };
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server: TinkerServer = { url, engine, faults, asked, down: undefined, close };
  return server;
};
