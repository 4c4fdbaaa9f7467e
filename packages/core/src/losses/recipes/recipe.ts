import { type ConfigurationProblem, checkOptions, type Rules } from "../../configuration.js";
import { type AggregateOptions, aggregateProblems, aggregateRules } from "../aggregate.js";
import { type ClipPpoOptions, clipPpoOf, clipPpoRules } from "../clipRules/clipPpo.js";
import type { ClipRule } from "../clipRules/clipRule.js";
import type { Loss } from "../loss.js";
import { policyLoss } from "../policyLoss.js";
import { type Corrections, correctionRule } from "../policyLossOptions.js";
import { type PolicyTerms, policyTermsRules } from "../policyTerms.js";
import type { RatioLevel } from "../ratio.js";

/** What every recipe lets one choose: aggregation, terms and an off-policy correction. */
export interface RecipeOptions extends AggregateOptions, PolicyTerms {
  /** What makes up for a sampler that is not the old policy; nothing if left out. */
  readonly correction?: Corrections;
}

/** Settings of the recipes that clip as PPO does. */
export interface ClippedRecipeOptions extends ClipPpoOptions, RecipeOptions {}

/** Rules of {@link RecipeOptions}. */
export const recipeRules: Rules<RecipeOptions> = {
  ...aggregateRules,
  ...policyTermsRules,
  correction: correctionRule,
};

/** What makes a recipe: the choices that are its own. */
export interface Recipe<Options extends RecipeOptions> {
  /** Name of the function, for messages. */
  readonly where: string;
  /** Name of the loss, for reports. */
  readonly name: string;
  readonly ratio: RatioLevel;
  readonly clip: (options: Options) => ClipRule;
  readonly rules: Rules<Options>;
  readonly defaults: Partial<Options>;
  readonly across?: (options: Options) => readonly ConfigurationProblem[];
}

/** The loss of a recipe, by the options given. */
export const recipe =
  <Options extends RecipeOptions>({ where, name, ratio, clip, rules, defaults, across }: Recipe<Options>) =>
  (options: Partial<Options>): Loss => {
    const checked = checkOptions(where, rules, defaults, options, (all) => [
      ...aggregateProblems(all),
      ...(across?.(all) ?? []),
    ]);
    const { aggregation, maxTokens, correction } = checked;
    const terms = Object.keys(policyTermsRules) as (keyof PolicyTerms)[];
    return policyLoss({
      name,
      ratio,
      clip: clip(checked),
      aggregation,
      ...(maxTokens !== undefined && { maxTokens }),
      ...(correction !== undefined && { correction }),
      terms: Object.fromEntries(terms.map((term) => [term, checked[term]])),
    });
  };

/** The loss of a recipe that clips as PPO does. */
export const clippedRecipe = (
  chosen: Pick<Recipe<ClippedRecipeOptions>, "where" | "name" | "ratio" | "defaults">,
): ((options: Partial<ClippedRecipeOptions>) => Loss) =>
  recipe<ClippedRecipeOptions>({ ...chosen, clip: clipPpoOf, rules: { ...recipeRules, ...clipPpoRules } });
