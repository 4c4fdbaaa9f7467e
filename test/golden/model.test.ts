import { goldenCases, skipCases } from "./golden.js";
import { goldenModel } from "./modelCases.js";
import type { ModelOptions, ModelWeights } from "./modelSetup.js";

const cases = goldenCases<ModelOptions>("model_llama");
const weights = goldenCases<ModelWeights>("model_llama_weights");

goldenModel("Llama", cases, weights[0]!);
skipCases(cases);
skipCases(weights, () => "the weights, which the other cases read");
