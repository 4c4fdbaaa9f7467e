import { describe } from "vitest";
import { goldenCases, skipCases } from "./golden.js";

describe("rewards of TRL", () => {
  skipCases(goldenCases<object>("rewards"), () => "no such reward yet");
});
