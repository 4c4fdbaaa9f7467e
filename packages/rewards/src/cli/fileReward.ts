import type { ScoredReward } from "@msrl/core";
import { type Isolated, isolated } from "../isolate/isolated.js";
import type { IsolatedOptions } from "../isolate/options.js";
import type { ServedReward } from "../serve/served.js";
import { loadModule, type RewardModule } from "./loadModule.js";

/** The reward of a file, or one of several by its name: what a worker of {@link isolateFile} computes. */
export const fileReward = async (path: string, name?: string): Promise<ServedReward<never>> => {
  const { reward } = await loadModule(path, ".");
  return typeof reward === "function" ? reward : reward[name ?? ""]!;
};

/** The rewards of a loaded file, computed by workers under the same names and with the same parts; and the end of these. */
export const isolateFile = (
  { reward, ...loaded }: RewardModule,
  path: string,
  limits: Partial<Pick<IsolatedOptions, "milliseconds" | "workers">>,
): { readonly rewards: RewardModule; close(): void } => {
  const all: Isolated<ServedReward<never>>[] = [];
  const one = (each: ServedReward<never>, key?: string): ServedReward<never> => {
    const common = { ...limits, module: "@msrl/rewards/cli", export: "fileReward", arguments: [path, key] };
    const { parts = loaded.parts ?? [] } = each as ScoredReward<never>;
    const made =
      "marks" in each
        ? isolated<never>({ ...common, name: each.name || "msrl" })
        : isolated<never>({ ...common, name: key ?? "msrl", parts });
    all.push(made);
    return made;
  };
  const rewards =
    typeof reward === "function"
      ? one(reward)
      : Object.fromEntries(Object.entries(reward).map(([name, each]) => [name, one(each, name)]));
  return {
    rewards: { ...loaded, reward: rewards },
    close: () => {
      for (const made of all) made.close();
    },
  };
};
