"use strict";

/**
 * The process that computes an isolated reward. It runs as it is: plain CommonJS, so that no loader and no bundler has to
 * touch it. What it is asked and answers is described in link.ts.
 *
 * A second thread watches the first, which may be stuck anywhere: it ends the process where its memory outgrows the limit
 * or the process that it works for is gone.
 */
const { isMainThread, Worker, workerData } = require("node:worker_threads");

/** Milliseconds between two looks at a thread that computes, and at one that waits. */
const looks = { busy: 20, idle: 1000 };

const reasonOf = (thrown) => {
  try {
    return thrown instanceof Error || typeof thrown?.message === "string" ? thrown.message : String(thrown);
  } catch {
    return "something that cannot be told";
  }
};

/** Ends this process and those that it started. */
const end = () => {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    process.kill(process.pid, "SIGKILL"); // no group of its own
  }
};

/** Watches the process: `state` holds whether it computes, and the MiB that it may have, 0 while it loads its module. */
const watch = ({ state, parent }) => {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    Atomics.wait(state, 0, 0, looks.idle);
    const limit = Atomics.load(state, 1);
    const tooMuch = limit > 0 && process.memoryUsage.rss() > limit * 2 ** 20;
    if (tooMuch || process.ppid !== parent) end();
    Atomics.wait(never, 0, 0, looks.busy);
  }
};

/** Loads the reward that a module exports, or makes it with the function that the module exports. */
const load = async ({ module, export: name, arguments: given }) => {
  const found = (await import(module))[name];
  const reward = given === undefined || typeof found !== "function" ? found : await found(...given);
  if (typeof reward === "function") return reward;
  const what = given === undefined ? `its export ${name}` : `what its export ${name} makes`;
  throw new Error(`${what} is ${reward === null ? "null" : typeof reward}, wanted a reward`);
};

const kindOf = (given) => (given instanceof Promise ? "a promise" : typeof given);
const howTo = "perCompletion and perCompletionTask make rewards of functions";

/** What a reward says of a batch, one thing a completion: marks where it has them. */
const judge = async (reward, batch, context) => {
  const task = typeof reward.marks === "function" ? reward.marks(batch, context) : reward(batch, context);
  if (typeof task !== "function")
    throw new Error(`called with a batch it gave ${kindOf(task)}, wanted a TaskEither: ${howTo}`);
  const result = await task();
  if (result?._tag === "Left") throw result.left;
  if (result?._tag !== "Right" || typeof result.right?.length !== "number")
    throw new Error("its task gave no Either of a list");
  return Array.from(result.right);
};

/** Batches as they were before they were packed: see link.ts. */
const unpacker = () => {
  let held = {};
  return (items) =>
    items.map((item) => {
      held = { ...held, ...item };
      return held;
    });
};

const serve = () => {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const unpack = unpacker();
  let answering = 0;
  let reward;

  const work = async ({ open, memoryMiB, items, step }) => {
    if (open === undefined) return judge(reward, unpack(items), step === undefined ? undefined : { step });
    reward = await load(open);
    Atomics.store(state, 1, Math.ceil(process.memoryUsage.rss() / 2 ** 20) + memoryMiB);
    return [];
  };
  const send = (reply) => {
    if (process.connected) process.send({ id: answering, ...reply });
  };

  new Worker(__filename, { workerData: { msrlWatch: { state, parent: process.ppid } }, execArgv: [] }).unref();
  process.on("disconnect", () => process.exit());
  process.on("uncaughtException", (thrown) => {
    if (process.connected) process.send({ id: answering, died: reasonOf(thrown) }, () => process.exit(1));
  });
  process.on("message", async (request) => {
    answering = request.id;
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
    const reply = await work(request).then(
      (given) => ({ given }),
      (thrown) => ({ error: reasonOf(thrown) }),
    );
    Atomics.store(state, 0, 0);
    try {
      send(reply);
    } catch (thrown) {
      send({ error: `what it gave cannot be sent: ${reasonOf(thrown)}` });
    }
  });
};

if (workerData?.msrlWatch) watch(workerData.msrlWatch);
else if (isMainThread && process.send !== undefined) serve();
