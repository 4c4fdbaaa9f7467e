import type { Expr } from "@msrl/core/graph";
import {
  add,
  input,
  matmul,
  mixedPrecision,
  reduceSum,
  rematerialise,
  rmsNorm,
  scan,
  silu,
  softmax,
  tanh,
} from "@msrl/core/graph";
import * as optim from "@msrl/core/optim";
import { type Exprs, lossCases, otherLosses, withGradient } from "./lossCorpus.js";

const parameters = { w: input("w", "float32", [4]), v: input("v", "float32", [2, 2]) };

const optimizers = (): readonly optim.GradientTransform[] => {
  const cosine = optim.cosine({ learningRate: 1e-3, totalSteps: 9, warmupSteps: 2 });
  return [
    optim.sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
    optim.adam({ learningRate: optim.linear({ learningRate: 1e-3, totalSteps: 9 }) }),
    optim.adamw({
      learningRate: optim.warmupStableDecay({ learningRate: 1e-3, totalSteps: 9, decaySteps: 2 }),
      weightDecay: 0.1,
    }),
    optim.chain(
      optim.clipByGlobalNorm({ maxNorm: 1 }),
      optim.scaleByAdam(),
      optim.addDecayedWeights({ weightDecay: 0.1 }),
      optim.scaleByLearningRate({ learningRate: cosine }),
    ),
    optim.chain(optim.adamw({ learningRate: 1e-3 }), optim.ema({ decay: 0.9 })),
    optim.accumulate(optim.adamw({ learningRate: 1e-3 }), { every: 2 }),
    optim.skipNotFinite(optim.adamw({ learningRate: 1e-3 })),
    optim.lossScaling(optim.adamw({ learningRate: 1e-3 })),
    optim.masked(optim.scale({ factor: 2 }), { groups: ["w"] }),
  ];
};

const optimizerCases = (): readonly (readonly [string, Exprs])[] =>
  optimizers().map((transform) => {
    const state = Object.entries(transform.init(parameters)).map(
      ([name, { dtype, shape }]) => [name, input(`state.${name}`, dtype, shape)] as const,
    );
    const gradients = { w: input("gradient.w", "float32", [4]), v: input("gradient.v", "float32", [2, 2]) };
    const step = transform.update(gradients, Object.fromEntries(state), parameters);
    const all = { update: step.updates, next: step.state, metric: step.metrics };
    const outputs = Object.entries(all).flatMap(([kind, exprs]) =>
      Object.entries(exprs).map(([name, expr]) => [`${kind}_${name}`, expr]),
    );
    return [`optimizer ${transform.name}`, Object.fromEntries(outputs)] as const;
  });

const mixedCases = (): readonly (readonly [string, Exprs])[] => {
  const named = (name: string, shape: readonly number[]) => input(name, "float32", shape);
  const [x, w, up, norm] = [named("x", [6, 8]), named("square", [8, 8]), named("up", [8, 8]), named("norm", [8])];
  const layer = rematerialise((h: Expr) => matmul(silu(matmul(softmax(matmul(rmsNorm(h, norm, 1e-6), w)), up)), w));
  const loss = reduceSum(layer(layer(x)));
  return (["float32", "float16", "bfloat16"] as const).map((compute) => {
    const [mixed] = compute === "float32" ? [loss] : mixedPrecision({ compute })([loss]);
    return [`layers in ${compute}`, withGradient(mixed!, {}, [x, w, up, norm])] as const;
  });
};

const scanCases = (): readonly (readonly [string, Exprs])[] => {
  const [x, w, start] = [
    input("steps", "float32", [5, 2, 3]),
    input("w", "float32", [3, 3]),
    input("start", "float32", [2, 3]),
  ];
  const { outputs } = scan({ initial: [start], sequences: [x] }, ([h], [now]) => {
    const next = tanh(add(matmul(h!, w), now!));
    return { carried: [next], outputs: [next] };
  });
  return [["scan", withGradient(reduceSum(outputs[0]!), {}, [x, w, start])]];
};

/** Every kernel of the library that is no policy's, with its gradient: name and outputs. */
export const corpus = (): readonly (readonly [string, Exprs])[] => [
  ...lossCases(),
  ...otherLosses(),
  ...optimizerCases(),
  ...mixedCases(),
  ...scanCases(),
];
