import { type ConfigurationProblem, oneOf, type Rule, type Rules } from "../configuration.js";
import { type AggregateOptions, aggregateProblems, aggregateRules } from "./aggregate.js";
import type { ClipRule } from "./clipRules/clipRule.js";
import type { Loss } from "./loss.js";
import { type Correction, correctionOptions } from "./offPolicy/correction.js";
import { type PolicyTerms, readsEntropy } from "./policyTerms.js";
import { type RatioLevel, ratioLevels } from "./ratio.js";

/** One off-policy correction, or several whose weights multiply. */
export type Corrections = Correction | readonly Correction[];

/** The choices of {@link policyLoss}. */
export interface PolicyLossOptions extends AggregateOptions {
  /** What the loss is called. */
  readonly name: string;
  /** What one importance ratio stands for. */
  readonly ratio: RatioLevel;
  /** What bounds it. */
  readonly clip: ClipRule;
  /** What else is in the loss. */
  readonly terms?: Partial<PolicyTerms>;
  /** What makes up for a sampler that is not the old policy; nothing if left out. */
  readonly correction?: Corrections;
}

const named: Rule = { wanted: "a name", fits: (value) => typeof value === "string" && value !== "" };
const clipRule: Rule = {
  wanted: "a clip rule, f.e. clipPpo()",
  fits: (value) => typeof (value as ClipRule | undefined)?.clip === "function",
};
const anything: Rule = { wanted: "terms", fits: (value) => value === undefined || typeof value === "object" };

/** The corrections of an option. */
export const listOf = (given: Corrections | undefined): readonly Correction[] =>
  given === undefined ? [] : Array.isArray(given) ? (given as readonly Correction[]) : [given as Correction];

/** The rule of a correction option, for recipes that take it along. */
export const correctionRule: Rule = {
  wanted: "a correction, f.e. truncatedImportance(), several of them, or nothing",
  fits: (value) => listOf(value as Corrections | undefined).every((each) => typeof each?.weigh === "function"),
};

/** Rules of the options, terms apart. */
export const policyLossRules: Rules<PolicyLossOptions> = {
  ...aggregateRules,
  name: named,
  ratio: oneOf(ratioLevels),
  clip: clipRule,
  terms: anything,
  correction: correctionRule,
};

/** A rule that takes weights into itself adds up their logarithms over the tokens. */
const correctionProblems = ({ clip, correction }: PolicyLossOptions): readonly ConfigurationProblem[] =>
  listOf(correction)
    .filter(({ kind, level }) => clip.takesWeights && kind === "weight" && level === "sequence")
    .map(({ name }) => ({
      field: "correction",
      given: `${name} by sequence`,
      wanted: `one by token for ${clip.name}`,
    }));

/** What is wrong with the options only together. */
export const policyLossProblems = (options: PolicyLossOptions): readonly ConfigurationProblem[] => [
  ...aggregateProblems(options),
  ...correctionProblems(options),
];

/** What a policy loss is built from: its options once checked, terms filled in. */
export interface CheckedPolicyLoss extends PolicyLossOptions {
  readonly terms: PolicyTerms;
}

/** What a report prints of checked options, and what the policy has to give. */
export const described = ({ correction, terms }: CheckedPolicyLoss): Pick<Loss, "options" | "needs"> => ({
  options: { ...terms, ...correctionOptions(listOf(correction)) },
  needs: readsEntropy(terms) ? ["logProbs", "entropy"] : ["logProbs"],
});
