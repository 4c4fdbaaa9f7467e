import { expect, it } from "vitest";
import { testDevice } from "../../test/testDevice.js";
import { idTokenizer, textConfig, tinyState, visionConfig, wordPrompts } from "../../test/tinyDecoder.js";
import { trainingBatch } from "../../test/tinyTraining.js";
import { crossEntropy, grpo, type Loss, type Need } from "../losses/index.js";
import { sgd } from "../optim/index.js";
import type { TrainingBatch } from "../policy/policy.js";
import { type DecoderPolicyOptions, decoderPolicy } from "./decoderPolicy.js";

const { device } = testDevice();
const policyOf = async (options: Partial<DecoderPolicyOptions> = {}) =>
  decoderPolicy({ config: textConfig, tokenizer: idTokenizer, device: await device(), ...options });

it.each<[Partial<DecoderPolicyOptions>, readonly string[]]>([
  [
    { config: { ...textConfig, layers: -1, ropeTheta: 0 } },
    [
      "decoderPolicy config: layers is -1, wanted a whole number of at least 1",
      "decoderPolicy config: ropeTheta is 0, wanted a finite number above 0",
    ],
  ],
  [
    { config: { ...textConfig, heads: 3, headSize: 5, vocabularySize: 22 } },
    [
      "decoderPolicy config: heads is 3, wanted a multiple of keyValueHeads, 2",
      "decoderPolicy config: headSize is 5, wanted an even number: halves are turned by the position",
      "decoderPolicy config: vocabularySize is 22, wanted at least 23, the tokenizer's",
    ],
  ],
  [
    { config: { ...visionConfig, vision: { ...visionConfig.vision!, patchSize: 0 } } },
    ["decoderPolicy config.vision: patchSize is 0, wanted a whole number of at least 1"],
  ],
  [{ rowsPerRun: 0 }, ["decoderPolicy: rowsPerRun is 0, wanted a whole number of at least 1"]],
])("a decoder of sizes that cannot be is refused, every size being named: %#", async (options, lines) => {
  await expect(policyOf(options)).rejects.toMatchObject({ _tag: "ConfigurationError", message: lines.join("\n") });
});

it("tokens that the model does not have are refused before anything runs", async () => {
  const policy = await policyOf();
  const [prompt] = wordPrompts;
  for (const token of [-1, 23, 1.5]) {
    const message = `prompt one, completion 2: token ${token} given, the model has 0 to 22`;
    const scored = await policy.logProbs(tinyState(textConfig, 1), [
      { prompt: prompt!, completions: [[3], [4, token]] },
    ])();
    expect(scored).toMatchObject({ left: { _tag: "BadPrompt", id: "one", message } });
  }
});

it("a batch whose numbers are not one a token is refused, and one of no completion", async () => {
  const policy = await policyOf();
  const update = (batch: TrainingBatch) =>
    policy.update(tinyState(textConfig, 1), batch, crossEntropy(), { transform: sgd({ learningRate: 1 }) })();
  const [group] = trainingBatch(wordPrompts, 2);
  const of = (more: object): TrainingBatch => [
    {
      ...group!,
      completions: [
        { tokenIds: [3], advantage: 1 },
        { tokenIds: [4, 5, 2], advantage: 1, ...more },
      ],
    },
  ];
  for (const field of ["advantage", "mask", "oldLogProbs", "referenceLogProbs"])
    expect(await update(of({ [field]: [1, 1] }))).toMatchObject({
      left: {
        _tag: "PolicyFailed",
        message: `policy decoder: prompt one, completion 2, ${field}: 2 numbers given for 3 tokens`,
      },
    });
  const message = "policy decoder: an update of no completion asked for, one at least wanted";
  for (const batch of [[], [{ ...group!, completions: [] }]])
    expect(await update(batch)).toMatchObject({ left: { _tag: "PolicyFailed", message } });
  expect(await update([...of({}), { ...group!, completions: [] }])).toMatchObject({ _tag: "Right" });
});

it("a loss that reads a reference policy's log-probs is refused where a completion that counts has none", async () => {
  const policy = await policyOf();
  const [group] = trainingBatch(wordPrompts, 2);
  const update = (loss: Loss, ...more: readonly object[]) => {
    const completions = more.map((each) => ({ tokenIds: [4, 5], advantage: 1, ...each }));
    return policy.update(tinyState(textConfig, 1), [{ ...group!, completions }], loss, {
      transform: sgd({ learningRate: 1 }),
    })();
  };
  const reference = { referenceLogProbs: [-1, -2] };
  const message = "policy decoder: prompt one, completion 2, referenceLogProbs: not given, read by loss grpo";
  expect(await update(grpo({ beta: 0.1 }), reference, {})).toMatchObject({ left: { _tag: "PolicyFailed", message } });
  expect(await update(grpo({ beta: 0.1 }), reference, { mask: [0, 0] })).toMatchObject({ _tag: "Right" });
  expect(await update(grpo({ beta: 0 }), {}, {})).toMatchObject({ _tag: "Right" });
});

it("a loss that needs what a decoder does not give is refused", async () => {
  const policy = await policyOf();
  const loss = { ...crossEntropy(), needs: ["logProbs", "values"] as readonly string[] as readonly Need[] };
  const batch = trainingBatch(wordPrompts, 1);
  const result = await policy.update(tinyState(textConfig, 1), batch, loss, { transform: sgd({ learningRate: 1 }) })();
  expect(result).toMatchObject({ left: { _tag: "NeedNotMet", policy: "decoder", needs: ["values"] } });
});
