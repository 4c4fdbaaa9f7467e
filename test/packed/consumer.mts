// Runs in an empty folder where only the packed packages are installed, as ESM.
import assert from "node:assert";
import { key, uniform } from "@msrl/core";

const numbers: Float32Array = uniform(key(7), 3);
assert.strictEqual(numbers.length, 3);
assert.deepStrictEqual(numbers, uniform(key(7), 3));
