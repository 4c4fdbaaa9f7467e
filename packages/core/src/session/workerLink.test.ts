import { describe, expect, it } from "vitest";
import { zeros } from "../tensor.js";
import { workerLink } from "./workerLink.js";

const scriptOf = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const listen = 'import { parentPort } from "node:worker_threads"; parentPort.on("message", ({ id, request }) => {';

describe("workerLink", () => {
  it("tells every waiting request, and every later one, that the worker died", async () => {
    const link = workerLink(scriptOf(`${listen} if (request.verb === "close") process.exit(3); });`), "none");
    const run = () => link.request({ verb: "run", kernel: 0, inputs: { x: zeros("float32", [1]) } });
    const replies = await Promise.all([run(), run(), link.request({ verb: "close" })]);
    expect(replies).toEqual(Array.from({ length: 3 }, () => ({ lost: "it ended with code 3" })));
    expect(await run()).toEqual({ lost: "it ended with code 3" });
    await link.end();
  });

  it("keeps the reason of a crash", async () => {
    const link = workerLink(scriptOf(`${listen} throw new Error("out of paper"); });`), "none");
    expect(await link.request({ verb: "close" })).toEqual({ lost: "out of paper" });
  });

  it("tells when the script is not there", async () => {
    const link = workerLink(new URL("./none.cjs", import.meta.url), "none");
    expect(await link.request({ verb: "close" })).toMatchObject({ lost: expect.stringContaining("none.cjs") });
  });

  it("answers with the reason when ONNX Runtime cannot be loaded", async () => {
    const link = workerLink(new URL("./worker.cjs", import.meta.url), "/no/runtime.js");
    const reply = await link.request({ verb: "open", provider: "cpu", probe: new Uint8Array() });
    expect(reply).toMatchObject({ error: expect.stringContaining("/no/runtime.js") });
    await link.end();
  });
});
