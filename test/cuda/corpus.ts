import type { Expr } from "@msrl/core/graph";
import {
  grad,
  input,
  matmul,
  mixedPrecision,
  reduceSum,
  rematerialise,
  rmsNorm,
  silu,
  softmax,
} from "@msrl/core/graph";
import * as kl from "@msrl/core/kl";
import * as losses from "@msrl/core/losses";
import * as optim from "@msrl/core/optim";
import * as distill from "@msrl/distill";

type Exprs = Readonly<Record<string, Expr>>;

const [batch, time, words, width] = [2, 3, 7, 4];
const perToken = (name: string): Expr => input(name, "float32", [batch, time]);
const scalar = (name: string): Expr => input(name, "float32", []);
const ofWords = (name: string): Expr => input(name, "float32", [batch, time, words]);
const indices = (name: string, shape: readonly number[]): Expr => input(name, "int32", shape);

const lossInputs: Required<losses.LossInputs> = {
  logProbs: perToken("logProbs"),
  oldLogProbs: perToken("oldLogProbs"),
  samplerLogProbs: perToken("samplerLogProbs"),
  referenceLogProbs: perToken("referenceLogProbs"),
  advantages: perToken("advantages"),
  mask: perToken("mask"),
  entropy: perToken("entropy"),
  tokens: scalar("tokens"),
  sequences: scalar("sequences"),
  targets: indices("targets", [batch, time]),
  logits: ofWords("logits"),
  hidden: { states: input("states", "float32", [batch, time, width]), head: input("head", "float32", [words, width]) },
};

const distillationInputs: distill.DistillationInputs = {
  studentLogits: ofWords("logits"),
  teacherLogits: ofWords("teacherLogits"),
  mask: perToken("mask"),
};

/** A value with its gradient by the inputs that it reads. */
const withGradient = (loss: Expr, more: Exprs = {}, wrt: readonly Expr[] = [lossInputs.logProbs]): Exprs => ({
  loss,
  ...Object.fromEntries(grad(loss, wrt).map((gradient, at) => [`gradient_${at}`, gradient])),
  ...Object.fromEntries(Object.entries(more).map(([name, expr]) => [`metric.${name}`, expr])),
});

/** What needs an option before it is a loss. */
const required: readonly object[] = [
  losses.drGrpo({ maxTokens: 8 }),
  losses.labelTokens({ labels: [1, 2] }),
  losses.grpo({ beta: 0.1, reportEntropy: true, entropyBonus: 0.1, topEntropyShare: 0.5 }),
  ...Object.keys(kl.klEstimators).map((klEstimator) =>
    losses.grpo({ beta: 0.1, klEstimator: klEstimator as kl.KlEstimatorName, correctedKl: true }),
  ),
  ...[losses.clipCov(), losses.klCov(), losses.clipDppo(), losses.clipDro()].map((clip) =>
    losses.policyLoss({ name: `policy ${clip.name}`, ratio: "token", aggregation: "tokenMean", clip }),
  ),
  ...losses.ratioLevels.map((ratio) =>
    losses.policyLoss({ name: `policy ${ratio}`, ratio, aggregation: "sequenceMean", clip: losses.clipPpo() }),
  ),
  ...[losses.truncatedImportance(), losses.maskedImportance(), losses.icePop()].map((rule) =>
    losses.policyLoss({
      name: `policy ${rule.name}`,
      ratio: "token",
      aggregation: "tokenMean",
      clip: losses.clipPpo(),
      correction: rule,
    }),
  ),
];

/** What calling each export with its defaults gives; those that want options give nothing. */
const made = (exports: object): readonly object[] =>
  Object.entries(exports).flatMap(([name, make]: [string, unknown]) => {
    if (typeof make !== "function" || /Task|Gradient/.test(name)) return [];
    try {
      const result: unknown = make();
      return typeof result === "object" && result !== null ? [result] : [];
    } catch {
      return [];
    }
  });

const isLoss = (value: object): value is losses.Loss => "build" in value && "needs" in value;
const isDistillation = (value: object): value is distill.DistillationLoss => "build" in value && "teacher" in value;

const lossCases = (): readonly (readonly [string, Exprs])[] =>
  [...made(losses), ...made(distill), ...required].flatMap((value): readonly (readonly [string, Exprs])[] => {
    if (isLoss(value)) {
      const { loss, metrics } = value.build(lossInputs);
      const { logProbs, entropy, logits, hidden } = lossInputs;
      const wrt = { logProbs: [logProbs], entropy: [entropy], logits: [logits], hidden: [hidden.states, hidden.head] };
      return [
        [
          `loss ${value.name} ${JSON.stringify(value.options)}`,
          withGradient(
            loss,
            metrics,
            value.needs.flatMap((need) => wrt[need]),
          ),
        ],
      ];
    }
    if (!isDistillation(value)) return [];
    const { loss, metrics } = value.build(distillationInputs);
    return [[`distillation ${value.name}`, withGradient(loss, metrics, [distillationInputs.studentLogits])]];
  });

const pairs = {
  chosen: input("chosen", "float32", [batch]),
  rejected: input("rejected", "float32", [batch]),
  mask: input("pairMask", "float32", [batch]),
  pairs: scalar("pairs"),
};

const otherLosses = (): readonly (readonly [string, Exprs])[] => {
  const reference = {
    referenceChosen: input("referenceChosen", "float32", [batch]),
    referenceRejected: input("referenceRejected", "float32", [batch]),
  };
  const both = [pairs.chosen, pairs.rejected];
  const dpo = losses.dpo({ labelSmoothing: 0.1 })({ ...pairs, ...reference });
  const bradleyTerry = losses.bradleyTerry({ centerCoefficient: 0.1 })(pairs);
  const { logits, hidden, targets, mask } = lossInputs;
  const top = { entropy: true, topK: 2 };
  const fromLogits = losses.logitStatistics(top)(logits, targets, mask);
  const fromHidden = (gradient: "recompute" | "fused") =>
    losses.hiddenStatistics({ gradient })(hidden, targets, mask).logProbs;
  const divergence = (direction: "reverse" | "forward") =>
    reduceSum(kl.fullKl({ direction })(logits, ofWords("teacherLogits")));
  return [
    ["loss dpo", withGradient(dpo.loss, dpo.metrics, both)],
    ["loss bradleyTerry", withGradient(bradleyTerry.loss, bradleyTerry.metrics, both)],
    [
      "statistics from logits",
      withGradient(reduceSum(fromLogits.logProbs), { entropy: fromLogits.entropy!, top: fromLogits.top!.logProbs }, [
        logits,
      ]),
    ],
    [
      "statistics from hidden states",
      withGradient(reduceSum(fromHidden("recompute")), {}, [hidden.states, hidden.head]),
    ],
    ["statistics from hidden states, fused", withGradient(reduceSum(fromHidden("fused")), {}, [hidden.states])],
    ["full kl, reverse", withGradient(divergence("reverse"), {}, [logits])],
    ["full kl, forward", withGradient(divergence("forward"), {}, [logits])],
  ];
};

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

/** Every kernel of the library that is no policy's, with its gradient: name and outputs. */
export const corpus = (): readonly (readonly [string, Exprs])[] => [
  ...lossCases(),
  ...otherLosses(),
  ...optimizerCases(),
  ...mixedCases(),
];
