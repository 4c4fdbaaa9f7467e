import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { testDevice } from "../../../test/testDevice.js";
import { completionOf, textConfig, wordPrompts } from "../../../test/tinyDecoder.js";
import { tinyBase, tinyLora, withNoise } from "../../../test/tinyLora.js";
import { toPromise } from "../../errors.js";
import { key } from "../../rng.js";
import { loadAdapter } from "./loadAdapter.js";
import { saveAdapter } from "./saveAdapter.js";

const root = mkdtempSync(join(tmpdir(), "msrl-adapter-"));
afterAll(() => rmSync(root, { recursive: true }));
const { device } = testDevice();

let count = 0;
const place = (): string => join(root, `${count++}`);

describe("an adapter folder", () => {
  const saved = async () => {
    const lora = { rank: 3, alpha: 6, dropout: 0.1, targets: ["q_proj", "down_proj"] };
    const policy = tinyLora(textConfig, await device(), lora);
    const state = withNoise(await toPromise(policy.init(key(1))));
    const folder = await saveAdapter(place(), { lora, saved: await toPromise(policy.save(state)), base: "tiny" });
    return { policy, state, folder };
  };

  it("is loaded as it was saved", async () => {
    const { policy, state, folder } = await saved();
    const { lora, saved: loaded } = await loadAdapter(folder);
    expect(lora).toMatchObject({ rank: 3, alpha: 6, dropout: 0.1, rankStabilized: false });
    const again = tinyLora(textConfig, await device(), lora);
    const own = await toPromise(again.load(loaded, { optimizer: false }));
    expect(own).toEqual(state);
    const asked = [{ prompt: wordPrompts[1]!, completions: [completionOf(1, 4)] }];
    expect(await toPromise(again.logProbs(own, asked))).toEqual(await toPromise(policy.logProbs(state, asked)));
  });

  it("is not made of a state without an adapter", async () => {
    await expect(saveAdapter(place(), { lora: {}, saved: { tensors: tinyBase(textConfig) } })).rejects.toMatchObject({
      _tag: "HubError",
    });
  });

  it.each<[object, string]>([
    [{ use_dora: true }, "no use_dora"],
    [{ rank_pattern: { q_proj: 2 } }, "no rank_pattern"],
    [{ modules_to_save: ["lm_head"] }, "no modules_to_save"],
    [{ peft_type: "IA3" }, 'peft_type "LORA"'],
    [{ bias: "all" }, 'bias "none"'],
    [{ r: 0 }, "r: a number above 0"],
  ])("says what of peft is not known here: %o", async (change, wanted) => {
    const { folder } = await saved();
    const settings = join(folder, "adapter_config.json");
    writeFileSync(settings, JSON.stringify({ peft_type: "LORA", r: 3, lora_alpha: 6, bias: "none", ...change }));
    await expect(loadAdapter(folder)).rejects.toMatchObject({ _tag: "HubError", file: settings, wanted });
  });

  it("is refused by a model of other sizes", async () => {
    const { folder } = await saved();
    const { lora, saved: loaded } = await loadAdapter(folder);
    const other = tinyLora({ ...textConfig, intermediateSize: 32 }, await device(), lora);
    await expect(toPromise(other.load(loaded, { optimizer: false }))).rejects.toMatchObject({ _tag: "BadCheckpoint" });
  });
});
