import type { Expr } from "@msrl/core/graph";
import { grad, input, reduceSum } from "@msrl/core/graph";
import * as kl from "@msrl/core/kl";
import * as losses from "@msrl/core/losses";
import * as distill from "@msrl/distill";

/** Named outputs of a graph. */
export type Exprs = Readonly<Record<string, Expr>>;

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
  teacherTop: {
    ids: indices("teacherIds", [batch, time, 3]),
    logProbs: input("teacherTop", "float32", [batch, time, 3]),
  },
};

const distillationInputs: distill.DistillationInputs = {
  studentLogits: ofWords("logits"),
  teacherLogits: ofWords("teacherLogits"),
  mask: perToken("mask"),
};

/** A value with its gradient by the inputs that it reads. */
export const withGradient = (loss: Expr, more: Exprs = {}, wrt: readonly Expr[] = [lossInputs.logProbs]): Exprs => ({
  loss,
  ...Object.fromEntries(grad(loss, wrt).map((gradient, at) => [`gradient_${at}`, gradient])),
  ...Object.fromEntries(Object.entries(more).map(([name, expr]) => [`metric.${name}`, expr])),
});

/** What needs an option before it is a loss. */
const required: readonly object[] = [
  losses.drGrpo({ maxTokens: 8 }),
  losses.labelTokens({ labels: [1, 2] }),
  ...[4096, 0].map((wholeUpTo) =>
    distill.policyDistillation(distill.generalisedJsd({ teacher: "tokens" }), { wholeUpTo }),
  ),
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

/** Every loss and divergence that the packages export. */
export const lossCases = (): readonly (readonly [string, Exprs])[] =>
  [...made(losses), ...made(distill), ...required].flatMap((value): readonly (readonly [string, Exprs])[] => {
    if (isLoss(value)) {
      const { loss, metrics } = value.build(lossInputs);
      const { logProbs, entropy, logits, hidden } = lossInputs;
      const wrt: Readonly<Record<losses.Need, readonly Expr[]>> = {
        ...{ logProbs: [logProbs], entropy: [entropy], logits: [logits], hidden: [hidden.states, hidden.head] },
        teacherTop: [],
      };
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

/** Losses over pairs, statistics of tokens, divergences from logits. */
export const otherLosses = (): readonly (readonly [string, Exprs])[] => {
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
