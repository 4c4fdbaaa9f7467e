import { createRequire } from "node:module";
import * as E from "fp-ts/Either";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { toPromise } from "../errors.js";
import { type Device, deviceOf } from "./device.js";
import { checkDeviceOptions, type DeviceOptions } from "./deviceOptions.js";
import { mainLink } from "./mainLink.js";
import { probe } from "./probe.js";
import type { Link } from "./protocol.js";
import { deviceUnavailable, type SessionError } from "./sessionError.js";
import { workerLink } from "./workerLink.js";

const linkTo = (thread: "worker" | "main"): Link => {
  const runtimePath = createRequire(import.meta.url).resolve("onnxruntime-node");
  const script = new URL("./worker.cjs", import.meta.url);
  return thread === "main" ? mainLink(script, runtimePath) : workerLink(script, runtimePath);
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Opens one execution provider over a link; why it is not there, otherwise. */
const openProvider = async (link: Link, provider: string): Promise<string | undefined> => {
  const reply = await link.request({ verb: "open", provider, probe: probe() });
  if ("value" in reply) return undefined;
  return "lost" in reply ? reply.lost : reply.error;
};

/** The provider chosen over a link: the one asked for, or by `auto` cuda before cpu. */
const choose = async (link: Link, { device = "cpu", log }: DeviceOptions): Promise<E.Either<SessionError, string>> => {
  const first = device === "auto" ? "cuda" : device;
  const reason = await openProvider(link, first);
  if (device !== "auto") return reason === undefined ? E.right(first) : E.left(deviceUnavailable(first, reason));
  log?.(`device auto: ${reason === undefined ? "using cuda" : `using cpu, since cuda is not available (${reason})`}`);
  if (reason === undefined) return E.right("cuda");
  const missing = await openProvider(link, "cpu");
  return missing === undefined ? E.right("cpu") : E.left(deviceUnavailable("cpu", missing));
};

const open = (options: DeviceOptions): TE.TaskEither<SessionError, Device> =>
  pipe(
    TE.fromEither(
      E.tryCatch(
        () => linkTo(options.thread ?? "worker"),
        (error) => deviceUnavailable(options.device ?? "cpu", reasonOf(error)),
      ),
    ),
    TE.chain((link) => async () => {
      const chosen = await choose(link, options);
      if (E.isLeft(chosen)) await link.end();
      return E.map((name: string) => deviceOf(name, link, options.threads))(chosen);
    }),
  );

/**
 * Opens a device: where kernels are compiled and run, by default the CPU in a worker thread. This is the TaskEither door.
 *
 * Errors: `BadOption` lists every option that cannot be; `DeviceUnavailable` says why a device is not there and what
 * would bring it. `auto` falls back to the CPU and says so once through `log`.
 *
 * @since 0.1.0
 */
export const openDeviceTask = (options: DeviceOptions = {}): TE.TaskEither<SessionError, Device> =>
  pipe(TE.fromEither(checkDeviceOptions(options)), TE.chain(open));

/**
 * Opens a device: where kernels are compiled and run, by default the CPU in a worker thread. This is the Promise door:
 * it throws the tagged error of `openDeviceTask`.
 *
 * @example
 * import { openDevice } from "@msrl/core/session";
 * const device = await openDevice({ device: "cpu", threads: 1 });
 * assert.deepStrictEqual(device.name, "cpu");
 * await device.close();
 * @since 0.1.0
 */
export const openDevice = (options: DeviceOptions = {}): Promise<Device> => toPromise(openDeviceTask(options));
