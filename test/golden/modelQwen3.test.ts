import { describe } from "vitest";
import { goldenCases, skipCases } from "./golden.js";

describe("a decoder with a Qwen3 checkpoint's weights", () => {
  skipCases(goldenCases<object>("model_qwen3"), () => "no such family yet");
  skipCases(goldenCases<object>("model_qwen3_weights"), () => "no such family yet");
});
