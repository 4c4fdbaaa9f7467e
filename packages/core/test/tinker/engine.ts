import { key, uniform } from "../../src/rng.js";
import {
  accumulate,
  type Bigram,
  type BigramDatum,
  bigram,
  copy,
  drawToken,
  nextLogProbs,
  step,
  targetLogProbs,
} from "./bigram.js";
import type { Body, Outcome, Pass } from "./messages.js";

/** How the scripted engine behaves. */
export interface EngineOptions {
  readonly vocabulary: number;
  readonly reduction: "sum" | "mean";
  /** Whether requests are known by their number, and carried out in its order. */
  readonly numbered: boolean;
  /** Whether what comes behind a number that is missing waits for it; else requests are carried out as they come. */
  readonly strict: boolean;
  /** Whether `optim_step` reports the norm of the gradient. */
  readonly gradNorm: boolean;
  /** Whether the log-probs of a prompt begin with that of its first token, which has none. */
  readonly promptFirst: boolean;
  readonly token: string;
}

/** An answer other than success. */
export class Status extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Held {
  model: Bigram;
  readonly known: Map<number, { readonly body: string; readonly id: string }>;
  readonly held: Map<number, () => void>;
  next: number;
  used: boolean;
}

/** What was done to a model, in order. */
export interface Applied {
  readonly model: string;
  readonly what: string;
}

/** A training engine in memory: bigram tables, sessions, numbered requests, checkpoints, samplers. */
export class ScriptedEngine {
  readonly applied: Applied[] = [];
  readonly sessions = new Set<string>();
  readonly models = new Map<string, Held>();
  readonly saved = new Map<string, Bigram>();
  readonly samplers = new Map<string, Bigram>();
  readonly futures = new Map<string, Outcome | "waiting" | "gone">();
  heartbeats = 0;
  private names = 0;

  constructor(readonly options: EngineOptions) {}

  name(kind: string): string {
    return `${kind}-${this.options.token}${++this.names}`;
  }

  held(id: string): Held {
    const held = this.models.get(id);
    if (!held) throw new Status(404, `Model ${id} not found`);
    return held;
  }

  /** A request that needs no place in a line. */
  now(run: () => Outcome): string {
    const id = this.name("");
    this.futures.set(id, this.outcome(run));
    return id;
  }

  private outcome(run: () => Outcome): Outcome {
    try {
      return run();
    } catch (thrown) {
      return { type: "failed", detail: (thrown as Error).message };
    }
  }

  /** A numbered request: carried out once, in the order of the numbers; `forget`: accepted and then forgotten. */
  numbered(model: string, seqId: number | undefined, body: string, forget: boolean, run: () => Outcome): string {
    const held = this.held(model);
    if (!this.options.numbered || seqId === undefined) return this.now(run);
    const known = held.known.get(seqId);
    if (known && known.body !== body) throw new Status(409, "Training request sequence number was reused");
    if (known) return known.id;
    const id = this.name("");
    if (forget && this.options.strict) {
      this.futures.set(id, "gone");
      return id;
    }
    held.used = true;
    held.known.set(seqId, { body, id });
    if (!this.options.strict) {
      this.futures.set(id, this.outcome(run));
      return id;
    }
    this.futures.set(id, "waiting");
    held.held.set(seqId, () => this.futures.set(id, this.outcome(run)));
    for (let due = held.held.get(held.next); due; due = held.held.get(held.next)) {
      held.held.delete(held.next++);
      due();
    }
    return id;
  }

  createModel(sessionId: string): string {
    if (!this.sessions.has(sessionId)) throw new Status(404, "Session not found");
    const id = this.name("model");
    const model = bigram(this.options.vocabulary);
    this.models.set(id, { model, known: new Map(), held: new Map(), next: 1, used: false });
    return id;
  }

  pass({ model: id, data, loss, forwardOnly }: Pass): Outcome {
    const { model } = this.held(id);
    const odd = data.findIndex(({ inputs }) =>
      Object.values(inputs)
        .flat()
        .some((value) => !Number.isFinite(value)),
    );
    if (odd >= 0) throw new Error(`datum ${odd} has poisoned the engine`);
    const logProbs = data.map((datum: BigramDatum) => targetLogProbs(model, datum));
    if (!forwardOnly) {
      accumulate(model, data, loss, this.options.reduction);
      this.applied.push({ model: id, what: `${loss.name} ${data.map(({ tokens }) => tokens.join("")).join(" ")}` });
    }
    const sum = logProbs.flat().reduce((total, logProb) => total - logProb, 0);
    return { type: "pass", logProbs, metrics: { "loss:sum": sum } };
  }

  step(id: string, adam: Body): Outcome {
    const { learning_rate, beta1, beta2, eps, weight_decay } = adam;
    const options = {
      learningRate: learning_rate,
      beta1,
      beta2,
      epsilon: eps,
      weightDecay: weight_decay,
      gradClipNorm: 0,
    };
    const norm = step(this.held(id).model, options, this.options.reduction);
    this.applied.push({ model: id, what: `step ${learning_rate}` });
    return { type: "json", value: this.options.gradNorm ? { metrics: { "skyrl.ai/grad_norm": norm } } : {} };
  }

  save(id: string, kind: "weights" | "sampler_weights", name: string): string {
    const path = `tinker://${id}/${kind}/${name}`;
    this.saved.set(path, copy(this.held(id).model, true));
    return path;
  }

  load(id: string, path: string, optimizer: boolean): Outcome {
    const saved = this.saved.get(path);
    if (!saved) throw new Error(`${path} is not there`);
    this.held(id).model = copy(saved, optimizer);
    return { type: "json", value: { path } };
  }

  samplerOf({ base_model, model_path, sampling_session_id }: Body): Bigram {
    if (base_model !== undefined) return bigram(this.options.vocabulary);
    const found = model_path === undefined ? this.samplers.get(sampling_session_id) : this.saved.get(model_path);
    if (!found) throw new Status(404, "Sampler not found");
    return found;
  }

  sample(body: Body, prompt: readonly number[]): Outcome {
    const model = this.samplerOf(body);
    const { max_tokens, temperature, seed = 0, stop = [] } = body.sampling_params;
    const sequences = Array.from({ length: body.num_samples }, (_, at) => {
      const draws = uniform(key(seed * 1000 + at), max_tokens);
      const tokens: number[] = [];
      for (
        let last = prompt.at(-1)!;
        tokens.length < max_tokens && !stop.includes(tokens.at(-1));
        last = tokens.at(-1)!
      )
        tokens.push(drawToken(model, last, temperature, draws[tokens.length]!));
      const logProbs = tokens.map(
        (token, before) => nextLogProbs(model, before ? tokens[before - 1]! : prompt.at(-1)!)[token]!,
      );
      return { tokens, logProbs, stop: stop.includes(tokens.at(-1)) };
    });
    const scored = prompt.slice(1).map((token, at) => nextLogProbs(model, prompt[at]!)[token]!);
    const first = this.options.promptFirst ? [Number.NaN] : [];
    return { type: "sample", sequences, ...(body.prompt_logprobs && { prompt: [...first, ...scored] }) };
  }
}
