import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { checkOptions, flag, optional, type Rules, wholeFrom } from "../configuration.js";
import { toPromise } from "../errors.js";
import type { Compiler } from "../graph/compiler.js";
import type { GraphError } from "../graph/problems.js";
import {
  type StatisticsArrays,
  statisticsSizes,
  type TokenStatistics,
  type TokenStatisticsOptions,
} from "./statisticsArrays.js";
import { statisticsDefaults, statisticsRules } from "./statisticsOptions.js";
import { hiddenRun, logitRun } from "./statisticsRun.js";
import type { BadArrays } from "./tokenArrays.js";

/** Defaults of {@link tokenStatistics}. */
export const tokenStatisticsDefaults: TokenStatisticsOptions = { ...statisticsDefaults, headGradient: false };

const rules: Rules<TokenStatisticsOptions> = {
  ...statisticsRules,
  headGradient: flag,
  rowsPerChunk: optional(wholeFrom(1)),
};

/** A function of arrays in the TaskEither door. */
export type StatisticsTask<Failure> = (
  arrays: StatisticsArrays,
) => TE.TaskEither<Failure | GraphError | BadArrays, TokenStatistics>;

/**
 * Statistics of tokens over plain arrays. This is the TaskEither door of {@link tokenStatistics}.
 *
 * Left with the device's error, or with `BadArrays`, which lists every array that does not fit.
 *
 * @since 0.1.0
 */
export const tokenStatisticsTask = (options: Partial<TokenStatisticsOptions> = {}) => {
  const settings = checkOptions("tokenStatistics", rules, tokenStatisticsDefaults, options);
  return <Failure>(device: Compiler<Failure>): StatisticsTask<Failure> => {
    const [fromLogits, fromHidden] = [logitRun(settings, device), hiddenRun(settings, device)];
    return (arrays) =>
      pipe(
        TE.fromEither(statisticsSizes(arrays, settings.entropy)),
        TE.chainW((sizes) => (arrays.logits ? fromLogits : fromHidden)(arrays, sizes)),
      );
  };
};

/**
 * Log-probs of given tokens, entropy, likeliest tokens and their gradients over plain arrays: one call, no graph.
 *
 * From logits [N, V], or from hidden states [N, H] and the head [V, H], whose logits then never exist for more than a few
 * tokens at a time. With `upstream`, d loss / d statistic of each token, the gradient of the loss comes back as well:
 * what a program needs that has a model elsewhere. Formulas, masks and extremes: `logitStatistics`, `hiddenStatistics`.
 *
 * This is the Promise door: it throws the tagged errors of {@link tokenStatisticsTask}.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { tokenStatistics } from "@msrl/core/losses";
 * import { openDevice } from "@msrl/core/session";
 * const device = await openDevice();
 * const statisticsOf = tokenStatistics({ entropy: true })(device);
 * const { logProbs, entropy } = await statisticsOf({ logits: Float32Array.of(0, 0), targets: [1] });
 * assert.deepStrictEqual([logProbs[0], entropy?.[0]], [Math.fround(-Math.LN2), Math.fround(Math.LN2)]);
 * await device.close();
 * @since 0.1.0
 */
export const tokenStatistics = (options: Partial<TokenStatisticsOptions> = {}) => {
  const task = tokenStatisticsTask(options);
  return <Failure>(device: Compiler<Failure>): ((arrays: StatisticsArrays) => Promise<TokenStatistics>) => {
    const run = task(device);
    return (arrays) => toPromise(run(arrays));
  };
};
