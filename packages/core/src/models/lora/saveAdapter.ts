import * as TE from "fp-ts/TaskEither";
import { toPromise } from "../../errors.js";
import type { Saved } from "../../policy/policy.js";
import { type HubError, hubError } from "../hub/error.js";
import { jsonFile, tensorFile, writeFiles } from "../hub/writeFiles.js";
import { type LoraOptions, loraDefaults } from "./options.js";

/** An adapter to be written. */
export interface SaveAdapterOptions {
  /** What the policy was made with. */
  readonly lora: Partial<LoraOptions>;
  /** What the policy saved; an optimizer's tensors are left out. */
  readonly saved: Pick<Saved, "tensors">;
  /** Name or folder of the base, for whoever loads the adapter. */
  readonly base?: string;
}

const prefix = "base_model.model.";

const settings = ({ lora, base }: SaveAdapterOptions, modules: readonly string[]): object => {
  const { rank, alpha, dropout, rankStabilized } = { ...loraDefaults, ...lora };
  return {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: base ?? null,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: dropout,
    use_rslora: rankStabilized,
    target_modules: modules,
    bias: "none",
    fan_in_fan_out: false,
    init_lora_weights: true,
    inference_mode: true,
  };
};

/** Writes an adapter folder of peft: the TaskEither door of {@link saveAdapter}. */
export const saveAdapterTask = (folder: string, options: SaveAdapterOptions): TE.TaskEither<HubError, string> => {
  const own = Object.entries(options.saved.tensors).filter(([name]) => name.startsWith(prefix));
  if (own.length === 0)
    return TE.left(
      hubError(folder, "tensors of an adapter", "a state without one: was it saved by a policy with lora?"),
    );
  const modules = [...new Set(own.map(([name]) => name.slice(prefix.length).replace(/\.lora_[AB]\.weight$/, "")))];
  return writeFiles(folder, [
    tensorFile("adapter_model.safetensors", Object.fromEntries(own)),
    jsonFile("adapter_config.json", settings(options, modules)),
  ]);
};

/**
 * Writes an adapter as peft does: `adapter_model.safetensors` and `adapter_config.json`, which Python's
 * `PeftModel.from_pretrained(base, folder)` loads. Gives the folder.
 *
 *     await saveAdapter("adapter", { lora, saved: await toPromise(policy.save(state)), base: base.folder });
 *
 * Errors: `HubError` if there is no adapter among the tensors, or why a file cannot be written.
 *
 * @example
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { float32 } from "@msrl/core";
 * import { loadAdapter, saveAdapter } from "@msrl/core/models";
 * const layer = "base_model.model.model.layers.0.self_attn.q_proj";
 * const tensors = {
 *   [`${layer}.lora_A.weight`]: float32([1, 2], [1, 2]),
 *   [`${layer}.lora_B.weight`]: float32([2, 1], [3, 4]),
 * };
 * const folder = await saveAdapter(await mkdtemp(`${tmpdir()}/`), { lora: { rank: 1, alpha: 2 }, saved: { tensors } });
 * const { lora } = await loadAdapter(folder);
 * assert.deepStrictEqual([lora.alpha, lora.targets], [2, ["model.layers.0.self_attn.q_proj"]]);
 * @since 0.1.0
 */
export const saveAdapter = (folder: string, options: SaveAdapterOptions): Promise<string> =>
  toPromise(saveAdapterTask(folder, options));
