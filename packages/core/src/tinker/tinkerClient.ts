import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";
import { checkOptions } from "../configuration.js";
import { downloadArchive } from "./archive.js";
import { engineCapabilities } from "./capabilities.js";
import { numbersProblem } from "./checkData.js";
import type { EngineCall, EngineModel, Pending, TinkerClient } from "./client.js";
import { type Connection, connection, signalOf } from "./connection.js";
import { type EngineError, engineError } from "./engineError.js";
import { engineLines, type Lines } from "./lines.js";
import { type TinkerClientOptions, tinkerClientDefaults, tinkerClientRules } from "./options.js";
import { enginePass } from "./passes.js";
import { engineSampling } from "./sampling.js";
import { loadWork, samplerWork, saveWork, stepWork } from "./training.js";
import type { Work } from "./work.js";

type Result<Value> = Promise<E.Either<EngineError, Value>>;

/** Refuses a verb once the client is closed. */
type Verb = <Value>(path: string, run: () => Result<Value>) => TaskEither<EngineError, Value>;

type TrainingVerbs = Pick<
  TinkerClient,
  "forward" | "forwardBackward" | "optimStep" | "samplerFor" | "saveWeights" | "saveForSampler" | "loadWeights"
>;

/** The verbs that have their place in the line of a model. */
const trainingVerbs = (from: Connection, lines: Lines, verb: Verb): TrainingVerbs => {
  const pass = enginePass(from, lines);
  let samplers = 0;
  const settled = async <Value>(pending: E.Either<EngineError, Pending<Value>>): Result<Value> =>
    E.isLeft(pending) ? pending : pending.right.result();
  const waited = <Value>(model: EngineModel, work: Work<Value>, call?: EngineCall) =>
    verb(work.path, () => settled(lines.submit(model, work, call?.signal)));
  return {
    forward: (model, data, loss = { name: "cross_entropy" }, call) =>
      verb("forward", () => settled(pass(model, data, loss, true, call?.signal))),
    forwardBackward: (model, data, loss, call) =>
      verb("forward_backward", async () => pass(model, data, loss, false, call?.signal)),
    optimStep: (model, adam, call) =>
      verb("optim_step", async () => {
        const problem = numbersProblem({ ...adam });
        return problem === undefined
          ? lines.submit(model, stepWork(from, model, adam), call?.signal)
          : E.left(engineError({ kind: "refused", path: "optim_step" }, problem));
      }),
    samplerFor: (model, call) =>
      waited(
        model,
        samplerWork(from, model, () => samplers++),
        call,
      ),
    saveWeights: (model, name, call) => waited(model, saveWork(from, model, name, "training"), call),
    saveForSampler: (model, name, call) => waited(model, saveWork(from, model, name, "sampler"), call),
    loadWeights: (model, path, { optimizer }, call) => waited(model, loadWork(from, model, path, optimizer), call),
  };
};

/**
 * A client of a training engine that speaks the Tinker API: SkyRL, TuFT, Twinkle, hatchery, the hosted service.
 *
 * Nothing is sent until something is asked. Protobuf or JSON, whichever the engine takes; every number is checked before it
 * is sent. Requests that may do better are made again: at once where the engine is still at work, after growing waits where
 * it is busy or away. Close it: that unloads its models.
 *
 * https://tinker-docs.thinkingmachines.ai
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { tinkerClient } from "@msrl/core/tinker";
 * const engine = async () => Response.json({ supported_models: [{ model_name: "tiny" }] });
 * const client = tinkerClient({ url: "http://127.0.0.1:8000", wire: "protobuf", fetch: engine });
 * assert.deepStrictEqual(await toPromise(client.capabilities()), { models: ["tiny"], wire: "protobuf" });
 * @since 0.1.0
 */
export const tinkerClient = (given: Partial<TinkerClientOptions> & Pick<TinkerClientOptions, "url">): TinkerClient => {
  const options = checkOptions<TinkerClientOptions>("tinkerClient", tinkerClientRules, tinkerClientDefaults, given);
  const life = new AbortController();
  const from = connection(options, life.signal);
  const lines = engineLines(from);
  const sampling = engineSampling(from);
  const verb: Verb = (path, run) => async () =>
    life.signal.aborted ? E.left(engineError({ kind: "refused", path }, "the client is closed")) : run();
  const signal = (call: EngineCall | undefined) => signalOf(from, call?.signal);
  return {
    ...trainingVerbs(from, lines, verb),
    capabilities: (call) => verb("get_server_capabilities", () => engineCapabilities(from, signal(call))),
    createModel: (model, call) => verb("create_model", () => lines.create(model, signal(call))),
    sample: (sampler, request, call) => verb("asample", () => sampling.sample(sampler, request, signal(call))),
    promptLogProbs: (sampler, prompt, call) =>
      verb("asample", () => sampling.promptLogProbs(sampler, prompt, signal(call))),
    archive: (model, name, call) => verb("archive", () => downloadArchive(from, model, name, signal(call))),
    unload: ({ id }, call) => verb("unload_model", () => lines.unload(id, signal(call))),
    close: () => async () => {
      if (life.signal.aborted) return E.right(undefined);
      from.session.close();
      life.abort();
      return lines.close();
    },
  };
};
