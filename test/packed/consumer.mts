// Runs in an empty folder where only the packed packages are installed, as ESM.
import assert from "node:assert";
import { float32, key, toPromise, uniform } from "@msrl/core";
import { groupRelative } from "@msrl/core/advantages";
import { grad, input, mul, reduceSum, toModel } from "@msrl/core/graph";
import { openDevice } from "@msrl/core/session";
import { isolated } from "@msrl/rewards";

const numbers: Float32Array = uniform(key(7), 3);
assert.strictEqual(numbers.length, 3);
assert.deepStrictEqual(groupRelative({ scale: "none" })({ rewards: [[1, 0]] }), [[0.5, -0.5]]);

const x = input("x", "float32", ["n"]);
const loss = reduceSum(mul(x, x));
const [gradient] = grad(loss, [x]);
assert(gradient);
const model = toModel({ name: "square", outputs: { loss, gradient } });
assert(model._tag === "Right");
const runIn = async (thread: "main" | "worker"): Promise<void> => {
  const device = await openDevice({ device: "cpu", threads: 1, thread });
  const kernel = await toPromise(device.compile(model.right));
  const outputs = await toPromise(kernel.run({ x: float32([3], [1, 2, 3]) }));
  assert.deepStrictEqual(outputs.loss?.data, new Float32Array([14]));
  assert.deepStrictEqual(outputs.gradient?.data, new Float32Array([2, 4, 6]));
  await device.close();
};
await runIn("main");
await runIn("worker");

const maths = isolated({ module: "@msrl/rewards", export: "mathEquivalence", arguments: [], milliseconds: 30_000 });
const completion = { text: "\\boxed{0.5}", tokenIds: [], logProbs: [], truncated: false };
const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { answer: "1/2" } };
assert.deepStrictEqual(await toPromise(maths([judged])), [1]);
