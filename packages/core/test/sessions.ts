import * as E from "fp-ts/Either";
import { afterAll } from "vitest";
import { toPromise } from "../src/errors.js";
import type { Expr } from "../src/graph/expr.js";
import { type Model, toModel } from "../src/graph/toModel.js";
import type { Device } from "../src/session/device.js";
import type { CompileOptions } from "../src/session/deviceOptions.js";
import { openDevice } from "../src/session/openDevice.js";
import type { Tensors } from "../src/tensor.js";

/** The model of outputs that fit; a graph with problems throws them. */
export const modelOf = (name: string, outputs: Readonly<Record<string, Expr>>): Model => {
  const model = toModel({ name, outputs });
  if (E.isLeft(model)) throw model.left;
  return model.right;
};

/** Compiles a model on a device and runs it once. */
export const run = async (
  device: Device,
  model: Model,
  inputs: Tensors,
  options?: CompileOptions,
): Promise<Tensors> => {
  const kernel = await toPromise(device.compile(model, options));
  return toPromise(kernel.run(inputs));
};

const devices = new Map<string, Promise<Device>>();

/** The test file's device of a kind, opened once. */
export const deviceOn = (thread: "main" | "worker", threads = 1): Promise<Device> => {
  const id = `${thread} ${threads}`;
  const device = devices.get(id) ?? openDevice({ thread, threads });
  devices.set(id, device);
  return device;
};

/** Has the devices closed after the tests of a file. */
export const closeDevicesAfterAll = (): void =>
  afterAll(async () => {
    for (const device of devices.values()) await (await device).close();
  });
