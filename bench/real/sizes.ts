import type { Sizes } from "../subjects.js";

/** The same work by others, and what is wanted beside it. */
export interface RealPeer {
  /** What `peers/real.py` calls the work. */
  readonly name: string;
  /** Times its speed. */
  readonly goal?: number;
  /** Most memory as a share of its. */
  readonly memoryGoal?: number;
}

/** A work on a real model. */
export interface RealWork {
  readonly name: string;
  readonly sizes: Sizes;
  readonly peers: readonly RealPeer[];
  /** Most memory wanted, in MB. */
  readonly memoryGoal?: number;
}

const group: Sizes = { prompts: 1, samples: 8, prompt: 144, completion: 64 };
const batch: Sizes = { prompts: 8, samples: 8, prompt: 144, completion: 64 };

/** The works of `npm run bench -- --real`. */
export const realWorks: readonly RealWork[] = [
  { name: "step", sizes: group, peers: [{ name: "TRL", goal: 5 }] },
  {
    name: "step, recomputed",
    sizes: group,
    peers: [{ name: "TRL", goal: 4, memoryGoal: 0.2 }, { name: "TRL, checkpointed" }],
  },
  { name: "update", sizes: group, peers: [{ name: "TRL without generate", goal: 6 }, { name: "update by hand" }] },
  { name: "rollout", sizes: batch, peers: [{ name: "generate", goal: 5.5 }] },
  {
    name: "log-probs",
    sizes: { prompts: 8, samples: 1, prompt: 1, completion: 207 },
    peers: [{ name: "log-probs", goal: 2 }],
  },
  { name: "long rollout", sizes: { ...batch, completion: 256 }, peers: [], memoryGoal: 2000 },
];
