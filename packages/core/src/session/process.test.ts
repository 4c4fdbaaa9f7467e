import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

const script = (thread: string, end: string): string => `
  import { openDevice } from "@msrl/core/session";
  import { input, matmul, toModel } from "@msrl/core/graph";
  const x = input("x", "float32", [400, 400]);
  const device = await openDevice({ thread: "${thread}", threads: 2 });
  const kernel = (await device.compile(toModel({ name: "power", outputs: { y: matmul(matmul(matmul(x, x), x), x) } }).right)()).right;
  const inputs = { x: { dtype: "float32", shape: [400, 400], data: new Float32Array(160000).fill(0.05) } };
  const run = kernel.run(inputs)();
  ${end}
`;

/** What a script prints; rejects if it fails or does not end by itself. */
const outputOf = async (code: string): Promise<string> => {
  const flags = ["--conditions=msrl-source", "--import", "tsx", "--input-type=module", "--eval", code];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, flags, { cwd: root, timeout: 150_000 });
  expect(stderr).toBe("");
  return stdout;
};

describe("a script with a device on a worker", () => {
  it("ends by itself with the device left open, after its last run is done", async () => {
    const code = script("worker", "run.then(({ right }) => console.log(Math.round(right.y.data[0])));");
    expect(await outputOf(code)).toBe("400\n");
  });

  it("ends after close", async () => {
    expect(await outputOf(script("worker", "await run; await device.close(); console.log('closed');"))).toBe(
      "closed\n",
    );
  });

  it("ends by process.exit while the device is open", async () => {
    expect(await outputOf(script("worker", "await run; console.log('out'); process.exit(0);"))).toBe("out\n");
  });

  it("ends by process.exit while a kernel runs, with the code it gave", async () => {
    const many = "for (let at = 0; at < 30; at++) kernel.run(inputs)();";
    const code = script("worker", `${many} await run; setTimeout(() => process.exit(7), 1);`);
    await expect(outputOf(code)).rejects.toMatchObject({ code: 7, stderr: "" });
  });

  it("ends by an error thrown while a kernel runs", async () => {
    const code = script(
      "worker",
      "for (let at = 0; at < 30; at++) kernel.run(inputs)(); await run; throw new Error('mine');",
    );
    await expect(outputOf(code)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("mine") });
  });
});

describe("a script with a device on its own thread", () => {
  it("ends by itself with the device left open", async () => {
    expect(await outputOf(script("main", "await run; console.log('done');"))).toBe("done\n");
  });
});
