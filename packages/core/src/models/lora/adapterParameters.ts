import type { Adapter, DecoderConfig, Parameter } from "../decoder/config.js";
import { parametersOf } from "../decoder/modelParameters.js";

/** Linear layers of a decoder by name, each with its shape [out, in]; the head is none of them. */
export const linearModules = (config: DecoderConfig): ReadonlyMap<string, readonly [number, number]> => {
  const matrices = parametersOf(config).filter(
    ({ name, shape }) => shape.length === 2 && /^model\.layers\.\d+\..*_proj\.weight$/.test(name),
  );
  return new Map(matrices.map(({ name, shape }) => [name.slice(0, -".weight".length), shape as [number, number]]));
};

/** The name that peft gives to a matrix of a layer's adapter: `A` [rank, in] or `B` [out, rank]. */
export const adapterName = (module: string, matrix: "A" | "B"): string =>
  `base_model.model.${module}.lora_${matrix}.weight`;

/**
 * The parameters of an adapter in the order of the model, A before B for each layer.
 *
 * A starts uniform within 1 / sqrt(in) on either side (Kaiming's bound at a = sqrt(5)), B at zero, so that a fresh
 * adapter changes nothing: as peft has it.
 */
export const adapterParameters = (config: DecoderConfig, { rank, modules }: Adapter): readonly Parameter[] => {
  const layers = linearModules(config);
  return modules.flatMap((module): readonly Parameter[] => {
    const [out, inner] = layers.get(module)!;
    return [
      { name: adapterName(module, "A"), shape: [rank, inner], group: "adapter", init: { bound: 1 / Math.sqrt(inner) } },
      { name: adapterName(module, "B"), shape: [out, rank], group: "adapter", init: "zeros" },
    ];
  });
};

/** The parameters that a policy's state holds: its adapter's where it has one, else all of the model. */
export const heldParameters = (config: DecoderConfig): readonly Parameter[] =>
  config.adapter ? adapterParameters(config, config.adapter) : parametersOf(config);
