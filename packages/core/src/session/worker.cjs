"use strict";

/**
 * The half of a device that owns the ONNX Runtime sessions. It runs as it is, in the device's worker thread or, for
 * `thread: "main"`, in the caller's: plain CommonJS, so that no loader and no bundler has to touch it.
 * Its messages are described in protocol.ts.
 */
const { closeSync, openSync, readSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");

const firstLine = (error) => {
  const text = String(error instanceof Error ? error.message : error);
  return text.split("\n").find((line) => line.trim() !== "") ?? "no reason given";
};

/** ONNX Runtime refuses shared memory, so that is copied; everything else is read in place. */
const unshared = (data) => (data.buffer instanceof SharedArrayBuffer ? data.slice() : data);

/** Bits of the float32 equal to a float16; the payload of a NaN is kept. */
const float16Bits = (half) => {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
};

const widenings = { F16: float16Bits, BF16: (half) => half << 16 };

/** The float32 numbers that lie at a place in a file, those of 16 bits widened. */
const readSource = ({ path, start, type }, count) => {
  const widen = widenings[type];
  const bytes = new Uint8Array(count * (widen ? 2 : 4));
  const file = openSync(path, "r");
  try {
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(file, bytes, at, bytes.length - at, start + at);
      if (read === 0) throw new Error(`${path} ends ${bytes.length - at} bytes early`);
      at += read;
    }
  } finally {
    closeSync(file);
  }
  if (!widen) return new Float32Array(bytes.buffer);
  const halves = new Uint16Array(bytes.buffer);
  const bits = new Uint32Array(count);
  for (let at = 0; at < count; at++) bits[at] = widen(halves[at]);
  return new Float32Array(bits.buffer);
};

/** Tensors that lie in files, each read when first used and kept for all sessions. */
const fileReader = () => {
  const held = new Map();
  return (source, shape) => {
    const id = `${source.path} ${source.start} ${source.type}`;
    const count = shape.reduce((product, dim) => product * dim, 1);
    const data = held.get(id) ?? readSource(source, count);
    held.set(id, data);
    return data;
  };
};

const feedsOf = (runtime, inputs, read) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, item]) => {
      const { dtype, shape, source } = item;
      return [name, new runtime.Tensor(dtype, source ? read(source, shape) : unshared(item.data), shape)];
    }),
  );

/** Floats of 16 bits as their bits, also where the runtime gives them as a Float16Array (Node 24 and later). */
const bitsOf = (type, data) =>
  type === "float16" && !(data instanceof Uint16Array)
    ? new Uint16Array(data.buffer, data.byteOffset, data.length)
    : data;

const tensorsOf = (results) =>
  Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [
      name,
      { dtype: type, shape: [...dims], data: bitsOf(type, data) },
    ]),
  );

/** Loads ONNX Runtime and refuses a provider that is not there: the runtime itself would quietly go on without it. */
const openRuntime = async (runtimePath, { provider, probe }) => {
  const runtime = require(runtimePath);
  // What its process-wide logger would print here also comes as an exception; each session still logs its errors.
  runtime.env.logLevel = "fatal";
  const providers = runtime.listSupportedBackends().map(({ name }) => name);
  if (!providers.includes(provider)) throw new Error(`this build of ONNX Runtime has ${providers.join(", ")}`);
  if (provider !== "cpu") {
    const session = await runtime.InferenceSession.create(probe, { executionProviders: [provider] });
    await session.release();
  }
  return runtime;
};

/** Answers requests one after another, in the order they came, each inside `guard`; never rejects. */
const createEngine = (runtimePath, guard = (work) => work()) => {
  const sessions = new Map();
  let read = fileReader();
  let runtime;
  let provider;
  let queue = Promise.resolve();

  const verbs = {
    open: async (request) => {
      runtime = await openRuntime(runtimePath, request);
      provider = request.provider;
    },
    compile: async ({ kernel, bytes, options }) => {
      const session = await runtime.InferenceSession.create(bytes, { ...options, executionProviders: [provider] });
      sessions.set(kernel, session);
    },
    run: async ({ kernel, inputs }) =>
      tensorsOf(await sessions.get(kernel).run(feedsOf(runtime, inputs, read), { logSeverityLevel: 3 })),
    close: async () => {
      for (const session of sessions.values()) await session.release();
      sessions.clear();
      read = fileReader();
    },
  };

  return (request) => {
    queue = queue
      .then(() => guard(() => verbs[request.verb](request)))
      .then(
        (value) => ({ value }),
        (error) => ({ error: firstLine(error) }),
      );
    return queue;
  };
};

/** The arrays behind a parcel: those that came with it, and those kept from an earlier one. */
const unpacker = () => {
  const kept = new Map();
  const unpack = ({ dtype, shape, data, keep, kept: id, source }) => {
    if (source) return { dtype, shape, source };
    if (keep !== undefined) kept.set(keep, data);
    return { dtype, shape, data: id === undefined ? data : kept.get(id) };
  };
  return (request) => {
    if (request.verb !== "run") return request;
    for (const id of request.drop) kept.delete(id);
    const inputs = Object.entries(request.inputs).map(([name, item]) => [name, unpack(item)]);
    return { ...request, inputs: Object.fromEntries(inputs) };
  };
};

const buffersOf = (value) => Object.values(value ?? {}).map(({ data }) => data.buffer);

/** Marks the gate busy around work, and starts none once the process is ending: see gate.ts. */
const guardBy = (gate) => async (work) => {
  if (Atomics.compareExchange(gate, 0, 0, 1) !== 0) throw new Error("the process is ending");
  try {
    return await work();
  } finally {
    Atomics.store(gate, 0, 0);
    Atomics.notify(gate, 0);
  }
};

/** Serves an engine over a port; outputs move to the other side, they are not copied. */
const serve = (port, engine) => {
  const unpack = unpacker();
  port.on("message", async ({ id, request }) => {
    const reply = await engine(unpack(request));
    port.postMessage({ id, reply }, buffersOf(reply.value));
  });
};

const device = workerData?.msrlDevice;
if (device) serve(parentPort, createEngine(device.runtimePath, guardBy(device.gate)));

module.exports = { createEngine };
