import { above, address, atLeast, callable, oneOf, optional, type Rules, text, wholeFrom } from "../configuration.js";

/** Where a training engine is, and how patiently it is asked. */
export interface TinkerClientOptions {
  /** The address that `/api/v1` is put behind, f.e. `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Sent as `X-API-Key`, and to no other address; never part of a message. */
  readonly apiKey?: string;
  /** How batches travel; `ask`: protobuf if the engine takes it, else JSON. */
  readonly wire: "ask" | "protobuf" | "json";
  /** Whether the engine knows a request that it is sent twice by its number; `ask`: found out when an answer is lost. */
  readonly repeats: "ask" | "known" | "unknown";
  /** Times a request is sent at most before it counts as unreachable. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; each further wait is twice as long, or what the engine asks for. */
  readonly delay: number;
  /** Longest wait between two attempts, in milliseconds. */
  readonly longestDelay: number;
  /** Milliseconds that sending a request may take. */
  readonly timeout: number;
  /** Milliseconds after which a result is asked for again. */
  readonly pollTimeout: number;
  /** Milliseconds between two signs of life. */
  readonly heartbeat: number;
  /** Sequences in a request at most; a larger batch goes as several, which leaves the gradient as it is. */
  readonly batch: number;
  /** Bytes of tokens and arrays in a request at most, about; one sequence always goes whole. */
  readonly batchBytes: number;
  /** Sends a request; Node's own by default. */
  readonly fetch: typeof fetch;
  /** Waits for milliseconds; a timer by default. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Runs something every so many milliseconds until what it returns is called; by default a timer that keeps no process. */
  readonly every: (milliseconds: number, run: () => void) => () => void;
}

const everyInterval = (milliseconds: number, run: () => void): (() => void) => {
  const timer = setInterval(run, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
};

/** Defaults of `tinkerClient`: with 8 attempts an engine may be away for about a minute. */
export const tinkerClientDefaults = {
  wire: "ask",
  repeats: "ask",
  attempts: 8,
  delay: 500,
  longestDelay: 30_000,
  timeout: 120_000,
  pollTimeout: 45_000,
  heartbeat: 10_000,
  batch: 1024,
  batchBytes: 5_000_000,
  fetch: (...given: Parameters<typeof fetch>) => fetch(...given),
  sleep: (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds)),
  every: everyInterval,
} as const;

/** What each option of `tinkerClient` has to be. */
export const tinkerClientRules: Rules<TinkerClientOptions> = {
  url: address,
  apiKey: optional(text),
  wire: oneOf(["ask", "protobuf", "json"]),
  repeats: oneOf(["ask", "known", "unknown"]),
  attempts: wholeFrom(1),
  delay: atLeast(0),
  longestDelay: atLeast(0),
  timeout: above(0),
  pollTimeout: above(0),
  heartbeat: above(0),
  batch: wholeFrom(1),
  batchBytes: wholeFrom(1),
  fetch: callable,
  sleep: callable,
  every: callable,
};
