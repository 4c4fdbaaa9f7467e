import type { Model } from "@msrl/core/graph";
import type { Device, Kernel } from "@msrl/core/session";
import * as E from "fp-ts/Either";

/** Outputs that hold the model's state, which an update has to hand back; every other one is what a graph reports. */
const isState = (name: string): boolean => /^(parameters|next_state|summed_gradient)\./.test(name);

/** The largest output of a model that is not state. */
export interface Largest {
  readonly model: string;
  readonly output: string;
  readonly shape: readonly number[];
}

/** What is seen of a device: milliseconds inside its runs and its compilations so far, the largest output of each model. */
export interface Watched {
  readonly device: Device;
  runMs(): number;
  compileMs(): number;
  largest(): readonly Largest[];
}

/** Number of elements of a shape. */
export const elements = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/** A device that does what the given one does, and is watched. */
export const watch = (device: Device): Watched => {
  const largest = new Map<string, Largest>();
  let runMs = 0;
  let compileMs = 0;

  const watched = (kernel: Kernel, { name: model }: Model): Kernel => ({
    model: kernel.model,
    run: (inputs) => async () => {
      const before = performance.now();
      const result = await kernel.run(inputs)();
      runMs += performance.now() - before;
      if (result._tag === "Right")
        for (const [output, { shape }] of Object.entries(result.right))
          if (!isState(output) && elements(shape) > elements(largest.get(model)?.shape ?? [0]))
            largest.set(model, { model, output, shape });
      return result;
    },
  });

  return {
    device: {
      ...device,
      compile: (model, options) => async () => {
        const before = performance.now();
        const result = await device.compile(model, options)();
        compileMs += performance.now() - before;
        return E.map((kernel: Kernel) => watched(kernel, model))(result);
      },
    },
    runMs: () => runMs,
    compileMs: () => compileMs,
    largest: () => [...largest.values()],
  };
};
