import { grpo } from "../src/losses/grpo.js";
import type { Loss } from "../src/losses/loss.js";
import { icePop, offPolicySequenceMask } from "../src/losses/offPolicy/index.js";
import * as recipes from "../src/losses/recipes/index.js";

const corrected = {
  beta: 0.1,
  correctedKl: true,
  entropyBonus: 0.1,
  correction: [icePop(), offPolicySequenceMask({ threshold: 0.2 })],
};
/** Every recipe with all that can be added to it and holds over shards. */
export const fullRecipes: readonly Loss[] = [
  grpo(corrected),
  recipes.drGrpo({ ...corrected, maxTokens: 7 }),
  recipes.vespo({ ...corrected, correction: icePop() }),
  ...[recipes.bnpo, recipes.cispo, recipes.dapo, recipes.gmpo, recipes.gspo, recipes.luspo].map((make) =>
    make(corrected),
  ),
  ...[recipes.ppo, recipes.reinforce, recipes.sapo, recipes.stableReinforce].map((make) => make(corrected)),
];
