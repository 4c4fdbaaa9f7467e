import { mergeNamed } from "../named.js";
import type { Exprs, GradientTransform } from "./optimizer.js";
import { underPrefix, withoutPrefix } from "./state.js";

/** A chain of transforms, which can be read apart again. */
export interface TransformChain extends GradientTransform {
  readonly parts: readonly GradientTransform[];
}

const partsOf = (transform: GradientTransform): readonly GradientTransform[] =>
  (transform as Partial<TransformChain>).parts ?? [transform];

/** Several transforms as one: each sees the updates of the one before as its gradients. */
const composed = (parts: readonly GradientTransform[]): TransformChain => ({
  name: parts.length === 0 ? "identity" : parts.map(({ name }) => name).join(" > "),
  options: Object.fromEntries(parts.map(({ name, options }, at) => [`${at}.${name}`, options])),
  parts,
  init: (parameters) => Object.assign({}, ...parts.map((part, at) => underPrefix(`${at}.`, part.init(parameters)))),
  update: (gradients, state, parameters) => {
    let updates = gradients;
    let next: Exprs = {};
    const metrics: { name: string; values: Exprs }[] = [];
    for (const [at, part] of parts.entries()) {
      const step = part.update(updates, withoutPrefix(`${at}.`, state), parameters);
      updates = step.updates;
      next = { ...next, ...underPrefix(`${at}.`, step.state) };
      metrics.push({ name: String(at), values: step.metrics });
    }
    return { updates, state: next, metrics: mergeNamed(metrics) };
  },
});

/**
 * Transforms one after the other: each takes the updates of the one before as its gradients. Of none it is `identity`,
 * of one that one; chains in it are taken apart, so that it does not matter how a chain was put together.
 *
 * State is kept by position (`1.adamw.m.language`), so that two `adamw` do not meet. A metric that several parts
 * have gets its part's position in front.
 *
 * Optax: composable gradient transformation and optimisation, in JAX (2020), https://github.com/google-deepmind/optax
 *
 * @example
 * import { adamw, chain, clipByGlobalNorm } from "@msrl/core/optim";
 * const transform = chain(clipByGlobalNorm({ maxNorm: 1 }), adamw({ learningRate: 1e-6 }));
 * assert.deepStrictEqual(transform.name, "clip_by_global_norm > adamw");
 * @since 0.1.0
 */
export const chain = (...transforms: readonly GradientTransform[]): GradientTransform => {
  const parts = transforms.flatMap(partsOf);
  return parts.length === 1 ? parts[0]! : composed(parts);
};
