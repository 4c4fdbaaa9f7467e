import type { Model } from "@msrl/core/graph";
import type { Device, Kernel } from "@msrl/core/session";
import * as TE from "fp-ts/TaskEither";

/** Outputs that hold the model's state, which an update has to hand back; every other one is what a graph reports. */
const isState = (name: string): boolean => /^(parameters|next_state|summed_gradient)\./.test(name);

/** The largest output of a model that is not state. */
export interface Largest {
  readonly model: string;
  readonly output: string;
  readonly shape: readonly number[];
}

/** What is seen of a device: milliseconds inside its runs so far, the largest output of each model. */
export interface Watched {
  readonly device: Device;
  runMs(): number;
  largest(): readonly Largest[];
}

/** Number of elements of a shape. */
export const elements = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/** A device that does what the given one does, and is watched. */
export const watch = (device: Device): Watched => {
  const largest = new Map<string, Largest>();
  let runMs = 0;

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
      compile: (model, options) => TE.map((kernel: Kernel) => watched(kernel, model))(device.compile(model, options)),
    },
    runMs: () => runMs,
    largest: () => [...largest.values()],
  };
};
