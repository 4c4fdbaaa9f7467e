// Runs in an empty folder where only the packed packages are installed, as CommonJS.
import assert = require("node:assert");
import core = require("@msrl/core");
import advantages = require("@msrl/core/advantages");
import graph = require("@msrl/core/graph");
import session = require("@msrl/core/session");
import rewards = require("@msrl/rewards");

const numbers: Float32Array = core.uniform(core.key(7), 3);
assert.strictEqual(numbers.length, 3);
assert.deepStrictEqual(advantages.groupRelative({ scale: "none" })({ rewards: [[1, 0]] }), [[0.5, -0.5]]);

const x = graph.input("x", "float32", ["n"]);
const loss = graph.reduceSum(graph.mul(x, x));
const [gradient] = graph.grad(loss, [x]);
assert(gradient);
const model = graph.toModel({ name: "square", outputs: { loss, gradient } });
assert(model._tag === "Right");

const runIn = async (thread: "main" | "worker"): Promise<void> => {
  const device = await session.openDevice({ device: "cpu", threads: 1, thread });
  const kernel = await core.toPromise(device.compile(model.right));
  const outputs = await core.toPromise(kernel.run({ x: core.float32([3], [1, 2, 3]) }));
  assert.deepStrictEqual(outputs.loss?.data, new Float32Array([14]));
  assert.deepStrictEqual(outputs.gradient?.data, new Float32Array([2, 4, 6]));
  await device.close();
};

const runIsolated = async (): Promise<void> => {
  const options = { module: "@msrl/rewards", export: "mathEquivalence", arguments: [], milliseconds: 30_000 };
  const completion = { text: "\\boxed{0.5}", tokenIds: [], logProbs: [], truncated: false };
  const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: "1/2" } };
  assert.deepStrictEqual(await core.toPromise(rewards.isolated(options)([judged])), [1]);
};
void runIn("main")
  .then(() => runIn("worker"))
  .then(runIsolated);
