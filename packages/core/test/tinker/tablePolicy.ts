import { toPromise } from "../../src/errors.js";
import { adamw } from "../../src/optim/index.js";
import { key } from "../../src/rng.js";
import { tinkerEngines } from "../../src/tinker/engineFacts.js";
import { tinkerPolicy } from "../../src/tinker/tinkerPolicy.js";
import { scriptedEngine } from "../scriptedEngine.js";
import { tablePrompt, tableTokenizer } from "../scriptedPolicy.js";
import { testDevice } from "../testDevice.js";

const { device } = testDevice();
/** What the scripted engine is known for. */
export const facts = { ...tinkerEngines.skyrlJax, reduction: "sum" } as const;

/** A policy on a scripted engine of its own, and its first state. */
export const policyOn = async (failing: string[] = [], engine: object = facts) => {
  const scripted = scriptedEngine({ reduction: "sum", failing, samplerOff: 0.25 });
  const make = async () =>
    tinkerPolicy({
      client: scripted.client,
      baseModel: "table",
      rank: 4,
      tokenizer: tableTokenizer,
      device: await device(),
      contextLength: 9,
      engine,
    });
  const policy = await make();
  return { ...scripted, policy, make, first: await toPromise(policy.init(key(1))) };
};

export const prompt = tablePrompt("1 2");
/** Two completions of one prompt, of different signs. */
export const batch = [
  {
    prompt,
    completions: [
      { tokenIds: [3, 7], advantage: 1 },
      { tokenIds: [4], advantage: -2 },
    ],
  },
];
export const optimizer = { transform: adamw({ learningRate: 0.1 }) };
export const sampling = { samples: 2, temperature: 1, maxTokens: 4 };
