import { afterEach, describe, expect, it } from "vitest";
import { vocabulary } from "../../test/scriptedModel.js";
import { localTables, tablePrompt, tableTokenizer } from "../../test/scriptedPolicy.js";
import { testDevice } from "../../test/testDevice.js";
import { bigram } from "../../test/tinker/bigram.js";
import { type Fault, tinkerServer } from "../../test/tinkerServer.js";
import { toPromise } from "../errors.js";
import { crossEntropy, dapo, grpo, type Loss, stableReinforce } from "../losses/index.js";
import { adamw } from "../optim/index.js";
import type { TrainingBatch } from "../policy/policy.js";
import { key } from "../rng.js";
import { tinkerClient } from "./tinkerClient.js";
import { tinkerPolicy } from "./tinkerPolicy.js";
import type { TrainedState } from "./tinkerState.js";

const { device } = testDevice();
const closing: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

const optimizer = { transform: adamw({ learningRate: 0.1, weightDecay: 0.1, epsilon: 1e-3 }) };
const batch: TrainingBatch = [
  {
    prompt: tablePrompt("1 2"),
    completions: [
      { tokenIds: [3, 4, 7], advantage: 1.5, oldLogProbs: [-1.2, -2.5, -3], referenceLogProbs: [-2, -1, -2] },
      { tokenIds: [5, 7], advantage: -0.7, oldLogProbs: [-4, -1.5], referenceLogProbs: [-2, -1] },
    ],
  },
];

const policyOn = async (options: Parameters<typeof tinkerServer>[0]) => {
  const server = await tinkerServer({ vocabulary, ...options });
  const client = tinkerClient({ url: server.url, delay: 1, longestDelay: 2, sleep: async () => {} });
  const policy = tinkerPolicy({
    client,
    baseModel: "tiny",
    rank: 4,
    tokenizer: tableTokenizer,
    device: await device(),
  });
  closing.push(() => policy.close()(), server.close);
  return { server, policy };
};

const tableOf = ({ engine }: Awaited<ReturnType<typeof policyOn>>["server"], state: unknown): Float64Array =>
  engine.models.get((state as TrainedState).model.id)!.model.table;

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, at) => Math.abs(value - b[at]!)));

const losses: readonly Loss[] = [crossEntropy(), grpo({ beta: 0.1 }), dapo(), stableReinforce()];
const faults: readonly Fault[] = ["lost", "429", "ok", "500 after", "closed", "ok", "tryAgain", "cut", "ok", "503"];

describe("a policy over a wire", () => {
  it.each([
    ["protobuf", "sum"],
    ["json", "mean"],
  ] as const)("(%s, %s) updates as here, whatever happens to answers", async (wires, reduction) => {
    const { server, policy } = await policyOn({ wires, reduction });
    expect((await toPromise(policy.facts())).reduction).toBe(reduction === "sum" ? "sum" : "sequenceTokenMean");
    for (const loss of losses) {
      let state = await toPromise(policy.init(key(1)));
      const local = await localTables(await device(), [batch, batch, batch], loss, optimizer, bigram(vocabulary).table);
      for (const table of local) {
        server.faults.push(...faults);
        ({ state } = await toPromise(policy.update(state, batch, loss, optimizer)));
        expect(distance(tableOf(server, state), table)).toBeLessThan(2e-5); // float32 log-probs
      }
      expect(server.engine.models.get((state as TrainedState).model.id)!.model.steps).toBe(3);
    }
  });

  it("draws, scores, saves and goes on; a server that is gone says what is safe", async () => {
    const { server, policy } = await policyOn({ wires: "both" });
    const first = await toPromise(policy.init(key(1)));
    const { state } = await toPromise(policy.update(first, batch, grpo(), optimizer));
    const saved = await toPromise(policy.save(state));
    const sampling = { samples: 3, temperature: 1, maxTokens: 4 };
    const [rollout] = await toPromise(policy.sample(state, [tablePrompt("1 2")], sampling, key(1)));
    const asked = [{ prompt: rollout!.prompt, completions: rollout!.completions.map(({ tokenIds }) => tokenIds) }];
    const [scored] = await toPromise(policy.logProbs(state, asked));
    scored!.forEach((row, at) => {
      expect(Array.from(row)).toEqual(rollout!.completions[at]!.logProbs.map((value) => expect.closeTo(value, 5)));
    });
    server.down = "503";
    const gone = await policy.update(state, batch, grpo(), optimizer)();
    expect(gone).toMatchObject({ left: { _tag: "PolicyFailed", engine: "unreachable" } });
    server.down = undefined;
    const again = await toPromise(policy.load(saved));
    const { state: end } = await toPromise(policy.update(again, batch, grpo(), optimizer));
    expect(end).toMatchObject({ step: 2, updates: 2 });
    expect(server.engine.models.get((end as TrainedState).model.id)!.model.steps).toBe(2);
  });
});
