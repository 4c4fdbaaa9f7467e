// Runs in an empty folder where only the packed packages are installed, as CommonJS.
import assert = require("node:assert");
import core = require("@msrl/core");

const numbers: Float32Array = core.uniform(core.key(7), 3);
assert.strictEqual(numbers.length, 3);
assert.deepStrictEqual(numbers, core.uniform(core.key(7), 3));
