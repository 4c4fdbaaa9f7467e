import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { tagged } from "../errors.js";
import { toModel } from "../graph/toModel.js";
import type { Exprs } from "../optim/optimizer.js";
import type { PolicyError } from "../policy/policy.js";
import type { Device } from "../session/device.js";
import type { CompileOptions } from "../session/deviceOptions.js";
import type { Kernel } from "../session/kernel.js";
import type { Tensors } from "../tensor.js";

/** A failure of the policy's own machinery: a device that is gone, a run that ONNX Runtime refused. */
export const policyFailed = (policy: string, message: string): PolicyError =>
  tagged("PolicyFailed", `policy ${policy}: ${message}`, { policy });

/** Runs a graph with whatever of the given tensors it reads. */
export type RunGraph = (inputs: Tensors) => TE.TaskEither<PolicyError, Tensors>;

const picked = (kernel: Kernel, inputs: Tensors): Tensors =>
  Object.fromEntries(
    Object.keys(kernel.model.inputs).flatMap((name) => {
      const value = inputs[name];
      return value ? [[name, value] as const] : [];
    }),
  );

/** Without a plan of memory a large update keeps its peak, and its second run its speed. */
const compileDefaults: CompileOptions = { memoryPattern: false };

const compile = (
  policy: string,
  device: Device,
  name: string,
  outputs: Exprs,
  options: CompileOptions,
): TE.TaskEither<PolicyError, Kernel> =>
  pipe(
    TE.fromEither(toModel({ name, outputs })),
    TE.mapLeft((error) => policyFailed(policy, error.message)),
    TE.chain((model) =>
      pipe(
        device.compile(model, { ...compileDefaults, ...options }),
        TE.mapLeft((error) => policyFailed(policy, error.message)),
      ),
    ),
  );

type Compiled = Promise<E.Either<PolicyError, Kernel>>;

/** Compiled graphs of some owners: the values that a graph was made from. */
interface Shelf {
  readonly kernels: Map<string, Compiled>;
  readonly deeper: WeakMap<object, Shelf>;
}

const shelf = (): Shelf => ({ kernels: new Map(), deeper: new WeakMap() });

const shelfOf = (from: Shelf, owners: readonly object[]): Shelf =>
  owners.reduce<Shelf>((at, owner) => {
    const next = at.deeper.get(owner) ?? shelf();
    at.deeper.set(owner, next);
    return next;
  }, from);

/**
 * Compiles graphs when they are first asked for and keeps them by owners and key: the owners are the values that the
 * graph was made from (a loss, an optimizer), so that two of them never share a graph by accident.
 */
export const graphStore = (policy: string, device: Device, options: CompileOptions = {}) => {
  const root = shelf();
  return (owners: readonly object[], key: string, build: () => Exprs): RunGraph => {
    const { kernels } = shelfOf(root, owners);
    return (inputs) => async () => {
      const compiling = kernels.get(key) ?? compile(policy, device, key, build(), options)();
      kernels.set(key, compiling);
      const kernel = await compiling;
      if (E.isLeft(kernel)) {
        kernels.delete(key);
        return kernel;
      }
      return pipe(
        kernel.right.run(picked(kernel.right, inputs)),
        TE.mapLeft((error) => policyFailed(policy, error.message)),
      )();
    };
  };
};

/** What keeps compiled graphs. */
export type GraphStore = ReturnType<typeof graphStore>;

/** A name for a graph that tells its sizes. */
export const graphKey = (name: string, sizes: Readonly<Record<string, number | boolean | string>>): string =>
  `${name}(${Object.entries(sizes)
    .map(([key, value]) => `${key}=${value}`)
    .join(",")})`;
