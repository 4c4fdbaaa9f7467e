import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { CompletionBatch, RewardContext, RewardError } from "@msrl/core";
import * as E from "fp-ts/Either";
import type { TaskEither } from "fp-ts/TaskEither";
import { atMost } from "../compose/atMost.js";
import { rewardError } from "../compose/marks.js";
import { unitsOf } from "../compose/unitsOf.js";
import { crew, type Outcome } from "./crew.js";
import { flagsFor } from "./flags.js";
import { openLink } from "./link.js";
import type { IsolatedOptions } from "./options.js";

/** What came of one completion. */
export type Judged = { readonly given: unknown } | { readonly failure: string };

/** A batch judged by workers, and their end. */
export interface Judging {
  /** One thing a completion; `Left` if no worker could be started, so that none was judged. */
  judge(batch: CompletionBatch<never>, context: RewardContext | undefined): TaskEither<RewardError, readonly Judged[]>;
  close(): void;
}

/** What came of the completions of a unit, one each. */
const judgedOf = (outcome: Outcome, count: number): readonly Judged[] => {
  if ("given" in outcome && outcome.given.length === count) return outcome.given.map((given) => ({ given }));
  const wrongCount =
    "given" in outcome ? `given ${outcome.given.length} values, wanted ${count}, one a completion` : "";
  const failure = "failure" in outcome ? outcome.failure : "unstarted" in outcome ? outcome.unstarted : wrongCount;
  return new Array<Judged>(count).fill({ failure });
};

/** Workers for a reward of that name, none of them started yet. */
export const judging = (name: string, options: IsolatedOptions): Judging => {
  const { module, arguments: given, execArgv = flagsFor(process.execArgv), memoryMiB } = options;
  const url = isAbsolute(module) ? pathToFileURL(module).href : module;
  const open = { module: url, export: options.export, arguments: given };
  const { judge, close } = crew(() => openLink({ open, memoryMiB }, execArgv), options);
  return {
    judge: (batch, context) => async () => {
      const units = unitsOf(batch, options.keepGroups);
      const signal = context?.signal;
      let unstarted: { readonly unstarted: string } | undefined; // one attempt a batch
      const outcomes = await atMost(options.workers, units, async (unit) => {
        const outcome = unstarted ?? (await judge({ batch: unit, step: context?.step }, signal));
        if ("unstarted" in outcome) unstarted = outcome;
        return outcome;
      });
      if (unstarted !== undefined && outcomes.every((outcome) => "unstarted" in outcome))
        return E.left(rewardError(name, `${module} cannot be used: ${unstarted.unstarted}`));
      return E.right(outcomes.flatMap((outcome, at) => judgedOf(outcome, units[at]!.length)));
    },
    close,
  };
};
