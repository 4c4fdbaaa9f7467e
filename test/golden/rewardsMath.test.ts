import { describe } from "vitest";
import { goldenCases, skipCases } from "./golden.js";

describe("rewards of TRL that read mathematics", () => {
  skipCases(goldenCases<object>("rewards_math"), () => "no such reward yet");
});
