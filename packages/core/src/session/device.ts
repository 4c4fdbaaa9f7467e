import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";
import type { Model } from "../graph/toModel.js";
import { type CompileOptions, checkCompileOptions, runtimeOptions } from "./deviceOptions.js";
import { type Kernel, kernelOf } from "./kernel.js";
import type { Link, Reply } from "./protocol.js";
import { compileFailed, deviceClosed, deviceLost, type SessionError } from "./sessionError.js";

/** Where kernels are compiled and run; everything acquired by it is released by `close`. */
export interface Device {
  /** Execution provider: `cpu`, `cuda`, ... */
  readonly name: string;
  /** Compiles a model; models of one hash and one choice of options share one session. */
  compile(model: Model, options?: CompileOptions): TaskEither<SessionError, Kernel>;
  /**
   * Releases every session, after what was asked for before is done. Later requests give `DeviceClosed`. An open device
   * on which nothing runs does not keep a finished script from ending.
   */
  close(): Promise<void>;
}

/** A reply as a result: its value, a reason of ONNX Runtime, or the error of a device that is gone. */
const resultOf =
  (device: string) =>
  <Value>(reply: Reply<Value>): E.Either<SessionError | string, Value> => {
    if ("value" in reply) return E.right(reply.value);
    return E.left("lost" in reply ? deviceLost(device, reply.lost) : reply.error);
  };

/** What of a model Node's binding of ONNX Runtime cannot hold; it says no more than a number by itself. */
const unheld = ({ inputs, outputs }: Model): string | undefined => {
  const name = Object.entries({ ...inputs, ...outputs }).find(([, { dtype }]) => dtype === "bfloat16")?.[0];
  return name && `"${name}" is bfloat16, which has no tensors in Node: let it be float32, with a cast in the graph`;
};

/** A device over a way to an engine that is open. */
export const deviceOf = (name: string, link: Link, threads: number | undefined): Device => {
  const result = resultOf(name);
  const kernels = new Map<string, Promise<E.Either<SessionError, Kernel>>>();
  let count = 0;
  let closing: Promise<void> | undefined;

  const ifOpen =
    <Value>(ask: () => Promise<Reply<Value>>): TaskEither<SessionError | string, Value> =>
    async () =>
      closing === undefined ? result(await ask()) : E.left(deviceClosed(name));

  const create = async (model: Model, options: CompileOptions): Promise<E.Either<SessionError, Kernel>> => {
    const kernel = count++;
    const bytes = new Uint8Array(model.bytes);
    const made = await ifOpen(() =>
      link.request({ verb: "compile", kernel, bytes, options: runtimeOptions(options, threads) }),
    )();
    return E.bimap(
      (error: SessionError | string) => (typeof error === "string" ? compileFailed(model.name, error) : error),
      () => kernelOf(model, (inputs) => ifOpen(() => link.request({ verb: "run", kernel, inputs }))),
    )(made);
  };

  const compile = async (model: Model, options: CompileOptions): Promise<E.Either<SessionError, Kernel>> => {
    if (closing !== undefined) return E.left(deviceClosed(name));
    const reason = unheld(model);
    if (reason !== undefined) return E.left(compileFailed(model.name, reason));
    const id = `${model.hash} ${JSON.stringify(runtimeOptions(options, threads))}`;
    const kernel = kernels.get(id) ?? create(model, options);
    kernels.set(id, kernel);
    const compiled = await kernel;
    if (E.isLeft(compiled)) kernels.delete(id);
    return compiled;
  };

  return {
    name,
    compile:
      (model, options = {}) =>
      async () => {
        const checked = checkCompileOptions(options);
        return E.isLeft(checked) ? checked : compile(model, checked.right);
      },
    close: () => {
      closing ??= link.request({ verb: "close" }).then(() => link.end());
      return closing;
    },
  };
};
