import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fold, isTagged, key } from "@msrl/core";
import type { DecoderState } from "@msrl/core/models";
import type { TrainablePolicy } from "@msrl/core/policy";
import type { Device } from "@msrl/core/session";
import type { Evaluation } from "@msrl/stages/report";
import { backboneFolder, loadBackbone, saveBackbone } from "./backbone.js";
import { type Data, loadData } from "./data.js";
import { judgeAll } from "./judge.js";
import { makeBackbone } from "./makeBackbone.js";
import { type Handed, rows, runPipelineStage } from "./pipeline.js";
import { fullSettings, type Settings } from "./settings.js";
import type { StageName } from "./stages.js";

/** A row of the ablation. */
export type RowName = keyof typeof rows;

/** What one row gave for one base model and one seed. */
export interface RowResult {
  readonly backbone: number;
  readonly seed: number;
  readonly row: RowName;
  /** Held-out sets after the row's last stage. */
  readonly evaluations: readonly Evaluation[];
  /** Accuracy on pictures right after CMKD, where the row has it. */
  readonly afterCmkd?: number;
}

/** What the ablation is run over. */
export interface ReproduceOptions {
  readonly device: Device;
  readonly folder: string;
  readonly backbones: readonly number[];
  readonly seeds: readonly number[];
  readonly log: (line: string) => void;
  readonly settings?: Settings;
}

/** The test set of the ablation: large enough to tell rows apart. */
const testItems = { multimodal: 2000, text: 400 } as const;

const resultFile = (folder: string, { backbone, seed, row }: Pick<RowResult, "backbone" | "seed" | "row">): string =>
  join(folder, `backbone-${backbone}-seed-${seed}-${row.replaceAll(" ", "-")}.json`);

const known = async (file: string): Promise<RowResult | undefined> =>
  readFile(file, "utf8").then(
    (text) => JSON.parse(text) as RowResult,
    () => undefined,
  );

const remember = async (file: string, result: RowResult): Promise<void> => {
  await writeFile(`${file}.tmp`, JSON.stringify(result));
  await rename(`${file}.tmp`, file);
};

/** The shipped base model is that of seed 1; others are made once and kept. */
export const backboneOf = async (
  { device, folder, log }: Pick<ReproduceOptions, "device" | "folder" | "log">,
  seed: number,
) => {
  if (seed === 1) return loadBackbone(device, backboneFolder);
  const own = join(folder, `backbone-${seed}`);
  return loadBackbone(device, own).catch(async (error: unknown) => {
    if (!isTagged(error) || error._tag !== "BackboneMissing") throw error;
    log(`pretraining base model ${seed}`);
    const { saved, config } = await makeBackbone(device, seed, () => undefined);
    await saveBackbone(own, config, saved);
    return loadBackbone(device, own);
  });
};

interface Reached {
  readonly handed: Handed<DecoderState>;
  readonly afterCmkd?: number;
}

/** Runs stage after stage; what several rows have in common from the start is run once. */
const prefixRunner = (
  policy: TrainablePolicy<DecoderState>,
  data: Data,
  settings: Settings,
  seed: number,
  start: Handed<DecoderState>,
  log: (line: string) => void,
) => {
  const reached = new Map<string, Promise<Reached>>();
  const seen = async (state: DecoderState): Promise<number> => {
    const [evaluation] = await judgeAll({ policy, state }, data, "cmkd", fold(key(seed), "evaluate"));
    return evaluation!.accuracy;
  };
  const reach = (stages: readonly StageName[]): Promise<Reached> => {
    const last = stages.at(-1);
    if (last === undefined) return Promise.resolve({ handed: start });
    const path = stages.join(">");
    const found = reached.get(path);
    if (found) return found;
    const running = (async () => {
      const before = await reach(stages.slice(0, -1));
      log(`  ${path}`);
      const { handed } = await runPipelineStage(last, { policy, data, settings, key: key(seed) }, before.handed);
      return last === "cmkd" ? { handed, afterCmkd: await seen(handed.state) } : { ...before, handed };
    })();
    reached.set(path, running);
    return running;
  };
  return reach;
};

/** Runs every row for every base model and seed; what a folder already holds is not run again. */
export const reproduce = async (options: ReproduceOptions): Promise<readonly RowResult[]> => {
  const { folder, backbones, seeds, log, settings = fullSettings } = options;
  await mkdir(folder, { recursive: true });
  const data = await loadData({ split: "test", ...testItems });
  const results: RowResult[] = [];
  for (const backbone of backbones) {
    const { policy, state } = await backboneOf(options, backbone);
    for (const seed of seeds) {
      const reach = prefixRunner(policy, data, settings, seed, { state, textReplay: [] }, log);
      for (const row of Object.keys(rows) as RowName[]) {
        const file = resultFile(folder, { backbone, seed, row });
        const before = await known(file);
        if (!before) log(`base model ${backbone}, seed ${seed}: ${row}`);
        const run = async (): Promise<RowResult> => {
          const { handed, afterCmkd } = await reach(rows[row]);
          const evaluations = await judgeAll({ policy, state: handed.state }, data, row, fold(key(seed), "evaluate"));
          return { backbone, seed, row, evaluations, ...(afterCmkd !== undefined && { afterCmkd }) };
        };
        const result = before ?? (await run());
        await remember(file, result);
        results.push(result);
      }
    }
  }
  return results;
};
