import {
  address,
  checkOptions,
  flag,
  optional,
  type Rule,
  type Rules,
  shown,
  span,
  text,
  wholeFrom,
} from "@msrl/core/configuration";
import type { ChatModel } from "@msrl/core/openai";
import { callable } from "../compose/arguments.js";
import { longestSleep, waitable } from "../compose/time.js";
import type { CutOptions } from "./cutPrompt.js";
import { isObject } from "./read.js";
import type { DecodeImage } from "./samples.js";
import type { ServedReward } from "./served.js";

/** How rewards are served. */
export interface ServeOptions extends CutOptions {
  /** The reward, or several by name: clients choose by `?reward=name`, or as the chat model; the first where they do not. */
  readonly reward: ServedReward<never> | Readonly<Record<string, ServedReward<never>>>;
  /** Names of the parts of the reward, where answers have to have them from the very first on, failed ones too. */
  readonly parts: readonly string[];
  /** Where to listen; anywhere but on this machine alone needs a token. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** What clients have to show: as bearer token, as password of the address, or as `?token=`. */
  readonly token?: string;
  /** Bytes of a request at most. */
  readonly bodyLimit: number;
  /** Samples of a request at most. */
  readonly maxSamples: number;
  /** Milliseconds for a score, waiting for a place included, and for a client to send its request. */
  readonly timeout: number;
  /** Requests scored at a time. */
  readonly concurrency: number;
  /** Requests that may wait for it; one more is told to come again. */
  readonly queue: number;
  /** Lowest and highest value of the reward, for the chat endpoint: `[[0]]` and `[[10]]`. */
  readonly range: readonly [low: number, high: number];
  /** What a label or a reference of a client is for the reward; see {@link referenceOf}. */
  readonly reference: (given: unknown) => unknown;
  /** Reads images sent as base64; without it a reward gets them as they came, in `media.source`. */
  readonly decodeImage?: DecodeImage;
  /** Address of a SandboxFusion-compatible server that `/run_code` is passed on to. */
  readonly sandbox?: string;
  /** A model that answers the chat endpoint in place of the rewards. */
  readonly judge?: ChatModel;
  /** Milliseconds since 1970, for `created` in replies. */
  readonly now: () => number;
  /** Sends requests to the sandbox; Node's own by default. */
  readonly fetch: typeof fetch;
}

/** The reference of a label: an object is one, JSON text of an object too; anything else is both `label` and `answer`. */
export const referenceOf = (given: unknown): unknown => {
  if (given === undefined || given === null) return {};
  if (typeof given === "object") return given;
  if (typeof given === "string" && given.startsWith("{")) {
    try {
      const parsed: unknown = JSON.parse(given);
      if (isObject(parsed)) return parsed;
    } catch {
      // a text that only looks like JSON is a label like any other
    }
  }
  const text = String(given);
  return { label: text, answer: text };
};

/** Defaults of {@link ServeOptions}. */
export const serveDefaults = {
  parts: [],
  host: "127.0.0.1",
  port: 8400,
  bodyLimit: 32 * 2 ** 20,
  maxSamples: 16_384,
  timeout: 120_000,
  concurrency: 64,
  queue: 10_000,
  range: [0, 1],
  reference: referenceOf,
  now: () => 0,
  fetch: (...given: Parameters<typeof fetch>) => fetch(...given),
} as const;

const names: Rule = {
  wanted: "a list of names",
  fits: (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
};
const reward: Rule = {
  wanted: "a reward, or rewards by name",
  fits: (value) =>
    typeof value === "function" ||
    (isObject(value) &&
      Object.keys(value).length > 0 &&
      Object.values(value).every((each) => typeof each === "function")),
};
const port: Rule = {
  wanted: "a whole number from 0 to 65535",
  fits: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535,
};

const rules: Rules<ServeOptions> = {
  reward,
  parts: names,
  host: text,
  port,
  token: optional(text),
  bodyLimit: wholeFrom(1),
  maxSamples: wholeFrom(1),
  timeout: {
    ...waitable,
    wanted: `a number of milliseconds from 1 to ${longestSleep}`,
    fits: (value) => waitable.fits(value) && (value as number) >= 1,
  },
  concurrency: wholeFrom(1),
  queue: wholeFrom(0),
  range: span,
  reference: callable,
  completionAfter: optional(text),
  specialTokens: optional(flag),
  decodeImage: optional(callable),
  sandbox: optional(address),
  judge: optional({ wanted: "a chat model", fits: (value) => isObject(value) && typeof value.chat === "function" }),
  now: callable,
  fetch: callable,
};

/** Names of this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);

/** Options over their defaults; without a token the server is for this machine alone. */
export const serveOptions = (given: Partial<ServeOptions> & Pick<ServeOptions, "reward">): ServeOptions =>
  checkOptions<ServeOptions>("serveRewards", rules, serveDefaults, given, ({ host, token }) =>
    token !== undefined || isLoopback(host)
      ? []
      : [
          {
            field: "token",
            given: "not given",
            wanted: `one to listen at ${shown(host)}, which others can reach; without a token only 127.0.0.1, ::1 and localhost are`,
          },
        ],
  );
