import { shown } from "@msrl/core/configuration";
import { isolatedDefaults } from "../isolate/options.js";
import { isLoopback, serveDefaults } from "../serve/options.js";
import { shimNames } from "../serve/shims.js";

/** What `msrl serve --help` prints. */
export const serveHelp = `msrl serve [FILE] [options]: rewards over HTTP, for trainers in any language

FILE exports the reward: a default export (a reward, rewards by name, or weighted parts { name: { reward, weight } }),
or a function score(text, reference) => number or null. JavaScript, or TypeScript where Node or tsx reads it.
Without a FILE: MSRL's reward (accuracy by \`label\`, <think> and <answer>, task type by \`task\`).

  --host HOST          where to listen (${serveDefaults.host}; another needs a token)
  --port PORT          (${serveDefaults.port}; 0: a free one)
  --token TOKEN        what clients have to show; better in MSRL_TOKEN, which others on this machine do not see
  --sandbox URL        a SandboxFusion-compatible server for /run_code
  --timeout SECONDS    for one request (${serveDefaults.timeout / 1000})
  --concurrency N      requests scored at a time (${serveDefaults.concurrency})
  --isolate MS         computes FILE's reward in a process that is killed where a completion takes longer
  --workers N          such processes (${isolatedDefaults.workers})
  --after TEXT         where a completion begins in OpenRLHF's queries if the prompt is not found in them
  --shim ${shimNames.join("|")}   prints the Python file by which that trainer asks this server; OpenRLHF needs none
`;

/** The flags, as `parseArgs` takes them. */
export const serveFlags = {
  host: { type: "string" },
  port: { type: "string" },
  token: { type: "string" },
  sandbox: { type: "string" },
  timeout: { type: "string" },
  concurrency: { type: "string" },
  isolate: { type: "string" },
  workers: { type: "string" },
  after: { type: "string" },
  shim: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** The flags as they were given. */
export type ServeFlags = {
  readonly [Flag in keyof typeof serveFlags]?: (typeof serveFlags)[Flag]["type"] extends "string" ? string : boolean;
};

const number =
  (fits: (value: number) => boolean) =>
  (text: string): boolean =>
    text.trim() !== "" && Number.isFinite(Number(text)) && fits(Number(text));
const wholeFrom = (low: number, high = Number.MAX_SAFE_INTEGER) =>
  number((value) => Number.isInteger(value) && value >= low && value <= high);
const longest = 2 ** 31 - 1; // milliseconds: the most that a timer takes

/** What a flag's text has to be. */
const rules: readonly (readonly [flag: keyof typeof serveFlags, wanted: string, fits: (text: string) => boolean])[] = [
  ["port", "a whole number from 0 to 65535", wholeFrom(0, 65_535)],
  ["sandbox", "an http or https address", (text) => URL.canParse(text) && /^https?:/i.test(text)],
  ["timeout", `seconds from 0.001 to ${longest / 1000}`, number((value) => value >= 0.001 && value <= longest / 1000)],
  ["concurrency", "a whole number of at least 1", wholeFrom(1)],
  ["isolate", `milliseconds from 1 to ${longest}`, number((value) => value >= 1 && value <= longest)],
  ["workers", "a whole number of at least 1", wholeFrom(1)],
  ["shim", shimNames.join(" | "), (text) => (shimNames as readonly string[]).includes(text)],
];

/** What is wrong with the flags, a line each; `token`: of whatever source. */
export const flagProblems = (
  flags: ServeFlags,
  files: readonly string[],
  token: string | undefined,
): readonly string[] => {
  const wrong = rules.flatMap(([flag, wanted, fits]) => {
    const text = flags[flag];
    return typeof text !== "string" || fits(text) ? [] : [`--${flag} is ${shown(text)}, wanted ${wanted}`];
  });
  const { host = serveDefaults.host, isolate, workers, shim } = flags;
  const without = (missing: boolean, problem: string) => (missing ? [problem] : []);
  return [
    ...wrong,
    ...without(files.length > 1, `one FILE, not ${files.length}`),
    ...without(isolate !== undefined && files.length === 0, "--isolate needs a FILE"),
    ...without(workers !== undefined && isolate === undefined, "--workers needs --isolate MILLISECONDS"),
    ...without(
      shim === undefined && token === undefined && !isLoopback(host),
      `--host ${host} can be reached by others, which needs a token: MSRL_TOKEN in the environment, or --token`,
    ),
  ];
};
