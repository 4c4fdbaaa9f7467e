import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CompletionBatch, Scorable } from "@msrl/core";

/** What a process has to load, and what it may take. */
export interface Opening {
  readonly open: {
    readonly module: string;
    readonly export: string;
    readonly arguments: readonly unknown[] | undefined;
  };
  readonly memoryMiB: number;
}

/** Completions to be judged together, at a step of the run if that is known. */
export interface Question {
  readonly batch: CompletionBatch<unknown>;
  readonly step: number | undefined;
}

/**
 * What came of a request: one thing a completion as the reward gave it, an error of the reward, or the end of the process
 * before there was an answer.
 */
export type Reply = { readonly given: readonly unknown[] } | { readonly error: string } | { readonly lost: string };

/** A process that computes a reward: it answers one request at a time. */
export interface Link {
  /** What came of its start. */
  readonly opened: Promise<Reply>;
  ask(question: Question): Promise<Reply>;
  /** Ends the process, whatever it does; what it was asked is lost. */
  end(): void;
}

/** What a worker sends; nothing of it can be relied on, since the module runs there. */
interface Message {
  readonly id?: unknown;
  readonly given?: unknown;
  readonly error?: unknown;
  readonly died?: unknown;
}

const script = fileURLToPath(new URL("./worker.cjs", import.meta.url));

/** V8's own limit lies above the one that is watched: it ends a process with many words. */
const heapAbove = 128;

const grouped = process.platform !== "win32";

/** Completions as they are sent: a prompt or reference that is the one before is left out. */
const packed = (batch: CompletionBatch<unknown>, before: Scorable<unknown> | undefined): readonly object[] =>
  batch.map(({ prompt, completion, reference }, at) => {
    const held = at === 0 ? before : batch[at - 1];
    return {
      completion,
      ...(prompt !== held?.prompt && { prompt }),
      ...((held === undefined || reference !== held.reference) && { reference }),
    };
  });

/** Why a process that nobody ended has ended. */
const whyEnded = (code: number | null, signal: NodeJS.Signals | null, memoryMiB: number): string => {
  if (signal === null) return `the worker ended by itself, with code ${code}`;
  const memory =
    signal === "SIGKILL" || signal === "SIGABRT" ? `, as one does that takes more than ${memoryMiB} MiB` : "";
  return `the worker died by ${signal}${memory}`;
};

/** Ends a process and those that it started, where the system knows of groups. */
const kill = (child: ChildProcess): void => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (grouped) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
};

/** Keeps the program open while a process is waited for, and not otherwise. */
const hold = (child: ChildProcess, busy: boolean): void => {
  const verb = busy ? "ref" : "unref";
  child[verb]();
  child.channel?.[verb]();
};

const started = (memoryMiB: number, flags: readonly string[]): ChildProcess =>
  fork(script, [], {
    execArgv: [...flags, `--max-old-space-size=${memoryMiB + heapAbove}`],
    serialization: "advanced", // structured clones
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    detached: grouped, // Ctrl-C is for the program, which ends its workers; and a group is ended as a whole
  });

/** Puts questions into messages, each prompt and reference once. */
const packer = () => {
  let before: Scorable<unknown> | undefined;
  return {
    pack: ({ batch, step }: Question): object => {
      const items = packed(batch, before);
      before = batch.at(-1);
      return { items, step };
    },
    /** The last message did not arrive. */
    forget: (): void => {
      before = undefined;
    },
  };
};

/** What a worker answered. */
const replyOf = ({ given, error, died }: Message): Reply => {
  if (died !== undefined) return { lost: `the worker died of an error that nobody caught: ${died}` };
  return Array.isArray(given) ? { given } : { error: String(error) };
};

/** Hears what a process says, and of its end. */
const listen = (
  child: ChildProcess,
  memoryMiB: number,
  lose: (why: string) => void,
  hear: (message: Message | null) => void,
): void => {
  child.on("message", hear);
  child.on("error", (error) => lose(`the worker cannot be reached: ${error.message}`));
  child.on("exit", (code, signal) => lose(whyEnded(code, signal, memoryMiB)));
};

/**
 * Starts a process that loads a reward. Requests are `{ id, open, memoryMiB }`, then `{ id, items, step }`; replies have
 * the id and `given`, `error`, or `died`. It dies with this process.
 */
export const openLink = (opening: Opening, flags: readonly string[]): Link => {
  const { memoryMiB } = opening;
  const child = started(memoryMiB, flags);
  const { pack, forget } = packer();
  let waiting: ((reply: Reply) => void) | undefined;
  let lost: string | undefined;
  let count = 0;

  const settle = (reply: Reply): void => {
    hold(child, false);
    waiting?.(reply);
    waiting = undefined;
  };
  const lose = (why: string): void => {
    lost ??= why;
    settle({ lost });
  };
  listen(child, memoryMiB, lose, (message) => {
    if (message?.id === count) settle(replyOf(message)); // else the module itself sends something
  });

  const request = (message: object): Promise<Reply> =>
    new Promise((resolve) => {
      if (lost !== undefined) return resolve({ lost });
      count += 1;
      hold(child, true);
      waiting = resolve;
      try {
        child.send({ id: count, ...message }, (error) => {
          if (error !== null) lose(`the worker cannot be reached: ${error.message}`);
        });
      } catch (thrown) {
        forget();
        settle({ error: `it cannot be sent to a worker: ${(thrown as Error).message}` });
      }
    });

  return {
    opened: request(opening),
    ask: (question) => request(pack(question)),
    end: () => {
      lose("the worker was ended");
      kill(child);
    },
  };
};
