// Rewards that do what a completion's text says, bad things above all. Plain JavaScript, which every worker reads.
import { spawnSync } from "node:child_process";

const acts = {
  loop: () => {
    for (;;);
  },
  tellAndLoop: () => {
    console.log(`worker ${process.pid}`);
    acts.loop();
  },
  regex: () => Number(/^(a+)+$/.test(`${"a".repeat(60)}!`)),
  wait: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  program: () => spawnSync(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]).status,
  never: () => new Promise(() => {}),
  objects: () => {
    const all = [];
    for (;;) all.push({ at: all.length });
  },
  map: () => {
    const all = new Map();
    for (let at = 0; ; at++) all.set(at, `${at}`);
  },
  buffers: async () => {
    const all = [];
    for (;;) {
      all.push(Buffer.alloc(2 ** 20, 1));
      await null;
    }
  },
  exit: () => process.exit(3),
  kill: () => process.kill(process.pid, "SIGSEGV") && new Promise(() => {}),
  throw: () => {
    throw new Error("thrown");
  },
  uncaught: () => new Promise(() => queueMicrotask(acts.throw)),
  left: () => ({ left: { message: "on the left" } }),
  later: () => {
    setTimeout(acts.throw, 1);
    return 7;
  },
  loopLater: () => {
    setTimeout(acts.loop, 1);
    return 7;
  },
  message: () => process.send({ id: 1, given: ["no"] }) && 7,
  nan: () => Number.NaN,
  text: () => "1",
  nothing: () => undefined,
  null: () => null,
  function: () => () => 1,
  marked: () => ({ value: 0.5, reason: "half", failure: undefined }),
  failed: () => ({ value: null, failure: "of its own" }),
  scored: () => ({ value: 2, parts: { a: 1, b: null }, reasons: { a: "one" }, failures: { b: "gone" } }),
};

const actOf = async ({ completion: { text } }) => (Object.hasOwn(acts, text) ? acts[text]() : text.length);

const acting = (change) => (batch) => async () => {
  const right = await Promise.all(batch.map(actOf));
  const bad = right.find((each) => each?.left);
  return bad ? { _tag: "Left", left: bad.left } : { _tag: "Right", right: change(right) };
};

export default acting((values) => values);
export const short = acting((values) => values.slice(1));
export const times = async (factor) => acting((values) => values.map((value) => value * factor));
export const groupSize = (batch) => async () => ({ _tag: "Right", right: batch.map(() => batch.length) });
export const echo = Object.assign(() => 5, {
  marks: (batch, context) => async () => ({
    _tag: "Right",
    right: batch.map(({ prompt, reference }) => ({ value: 1, reason: JSON.stringify([prompt, reference, context]) })),
  }),
});
export const noTask = () => 5;
export const noEither = () => async () => [1];
export const number = 5;
