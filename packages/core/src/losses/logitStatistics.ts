import { checkOptions } from "../configuration.js";
import type { Expr } from "../graph/expr.js";
import { add, exp, greater, mul, neg } from "../graph/ops/elementwise.js";
import { reshape, reshapeLike } from "../graph/ops/layout.js";
import { logSoftmax } from "../graph/ops/normalize.js";
import { pass } from "../graph/ops/pass.js";
import { gatherElements, topK, where } from "../graph/ops/select.js";
import {
  entropyOf,
  finite,
  keptBy,
  type Statistics,
  type StatisticsOptions,
  statisticsDefaults,
  statisticsRules,
} from "./statisticsOptions.js";

/** [.., 1], one number a row. */
const column = (x: Expr): Expr => reshape(x, [...x.shape.map(() => 0), 1]);

/** The entropy [.., 1] of logits with the gradient -p (log p + H), in three passes over the vocabulary. */
const entropyByLogits = (logits: Expr, logP: Expr): Expr => {
  const [entropy] = pass(
    [entropyOf(logP), logP],
    {
      reads: [logits],
      pullback: ({ inputs: [value, saved], gradient }, [cotangent]) => {
        const [to] = gradient!.reads;
        const slope = mul(exp(saved!), add(finite(saved!), value!));
        return [{ to: to!, amount: mul(slope, neg(cotangent!)) }];
      },
    },
    "entropy",
  );
  return entropy!;
};

/**
 * Statistics of next-token distributions from logits, differentiable: log-probs of given tokens, entropy, top-k.
 *
 *     log p_v = z_v / temperature - log sum_u exp(z_u / temperature)        z: logits [.., V], targets [..]: int32 or int64
 *     H       = -sum_v p_v log p_v
 *     d log p_y / d z = (onehot(y) - p) / temperature        d H / d z = -p (log p + H) / temperature
 *
 * Nats. Where a mask [..] is 0, every statistic and its gradient is 0 whatever the logits and targets are, be they NaN.
 * A logit of -Infinity is a token that cannot come: log-prob -Infinity, nothing to the entropy (TRL's
 * `entropy_from_logits` gives NaN there). Log-softmax is computed without overflow, whatever the size of finite logits.
 * With all logits at hand memory is that of a few arrays of their size; `hiddenStatistics` needs none of it. `top` has
 * the gradient of its log-probs. Equals `selective_log_softmax_and_entropy` of TRL.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { logitStatistics } from "@msrl/core/losses";
 * const logits = input("logits", "float32", ["batch", "time", 32_000]);
 * const { logProbs, entropy } = logitStatistics({ entropy: true })(logits, input("ids", "int32", ["batch", "time"]));
 * assert.deepStrictEqual([logProbs.shape, entropy?.shape], [["batch", "time"], ["batch", "time"]]);
 * @since 0.1.0
 */
export const logitStatistics = (
  options: Partial<StatisticsOptions> = {},
): ((logits: Expr, targets: Expr, mask?: Expr) => Statistics) => {
  const settings = checkOptions("logitStatistics", statisticsRules, statisticsDefaults, options);
  return (given, targets, mask) => {
    const kept = keptBy(mask);
    const z = mask ? where(greater(column(mask), 0), given, 0) : given;
    const logits = settings.temperature === 1 ? z : mul(z, 1 / settings.temperature);
    const logP = logSoftmax(logits); // [.., V]
    const flat = (x: Expr): Expr => kept(reshapeLike(x, targets));
    const top = settings.topK > 0 ? topK(logP, settings.topK) : undefined;
    return {
      logProbs: flat(gatherElements(logP, column(kept(targets)), -1)),
      ...(settings.entropy && { entropy: flat(entropyByLogits(logits, logP)) }),
      ...(top && { top: { logProbs: top.values, ids: top.indices } }),
    };
  };
};
