import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answer } from "../../test/serving.js";
import { perCompletion, weightedSum } from "../index.js";
import { type RewardServer, serveRewards } from "./serveRewards.js";
import { shim, shimNames } from "./shims.js";

const python = promisify(execFile)("python3", ["--version"]).then(
  () => true,
  () => false,
);
const known = await python;

/** Tells what a reward saw, as its reason. */
const reward = weightedSum({
  right: {
    reward: perCompletion("right", (text, reference: { readonly label?: string }, { tokenIds }) =>
      text === ""
        ? null
        : { value: text.includes(`>${reference.label}<`) ? 1 : 0, reason: JSON.stringify({ reference, tokenIds }) },
    ),
    weight: 1,
  },
});

describe("shim", () => {
  it("is short, for every trainer, and for no other", () => {
    for (const name of shimNames) expect(shim(name).trimEnd().split("\n").length).toBeLessThan(30);
    expect(() => shim("other" as never)).toThrow(/name is "other", wanted trl \| verl \| swift/);
  });
});

describe.skipIf(!known)("a shim under Python", () => {
  let server: RewardServer;
  let folder: string;
  beforeAll(async () => {
    server = await serveRewards({ reward: reward as never, port: 0, token: "secret", parts: ["right"] });
    folder = await mkdtemp(join(tmpdir(), "msrl-shims-"));
    for (const name of shimNames) await writeFile(join(folder, `msrl_${name}.py`), shim(name));
    await mkdir(join(folder, "swift"));
    await writeFile(join(folder, "swift/__init__.py"), "");
    await writeFile(join(folder, "swift/rewards.py"), "class ORM:\n    pass\n\norms = {}\n");
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  const run = async (code: string): Promise<unknown> => {
    const env = {
      PATH: process.env.PATH,
      MSRL_URL: `${server.url}/`, // as people write it
      MSRL_TOKEN: "secret",
      http_proxy: "http://127.0.0.1:9",
    };
    const { stdout } = await promisify(execFile)("python3", ["-c", code], { cwd: folder, env });
    return JSON.parse(stdout);
  };
  const [a, b] = [JSON.stringify(answer("A")), JSON.stringify(answer("B"))];

  it("scores as TRL asks: columns, tokens, conversations, images, metrics", async () => {
    const found = await run(`
import json
from msrl_trl import msrl
class Image:
    def save(self, file, form): file.write(b"png")
logged = {}
plain = msrl(prompts=["Q", "Q", "Q"], completions=[${a}, ${b}, ""], completion_ids=[[1], [2], []], label=["A", "A", "A"],
             image=[Image(), None, None], trainer_state=None, log_metric=lambda name, value: logged.update({name: value}))
talk = [[{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Q"}]}]]
chat = msrl(prompts=talk, completions=[[{"role": "assistant", "content": ${a}}]], label=["A"], images=[[Image()]])
print(json.dumps([plain, chat, logged, msrl(prompts=[], completions=[])]))`);
    expect(found).toEqual([[1, 0, null], [1], { "msrl/right": 1 / 3 }, []]);
  });

  it("scores as verl asks: by keywords, numbers under the same names", async () => {
    const found = await run(`
import json
from msrl_verl import compute_score
ask = lambda text, truth: compute_score(data_source="x", solution_str=text, ground_truth=truth, extra_info={"index": 3})
print(json.dumps([ask(${a}, "A"), ask(${b}, {"label": "A"}), ask("", "A")]))`);
    expect(found).toEqual([
      { score: 1, failed: 0, right: 1 },
      { score: 0, failed: 0, right: 0 },
      { score: 0, failed: 0, right: 0 },
    ]);
  });

  it("scores as ms-swift asks: a class by name", async () => {
    const found = await run(`
import json
from swift.rewards import orms
import msrl_swift
messages = [[{"role": "user", "content": "Q"}, {"role": "assistant", "content": ${a}}]]
images = [[{"bytes": b"png", "path": None}]]
print(json.dumps(orms["msrl"]()([${a}], messages=messages, images=images, label=["A"], request_id=["r"])))`);
    expect(found).toEqual([1]);
  });

  it("says what the server refused", async () => {
    const refused = run(`
import msrl_verl
msrl_verl.TOKEN = "other"
msrl_verl.compute_score("x", "y", "z")`);
    await expect(refused).rejects.toThrow(/HTTP Error 401: Unauthorized .*a token is wanted/);
  });
});
