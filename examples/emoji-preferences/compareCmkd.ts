import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fold, key } from "@msrl/core";
import type { DecoderState } from "@msrl/core/models";
import type { TrainablePolicy } from "@msrl/core/policy";
import type { Device } from "@msrl/core/session";
import { confidenceWeights, crossModalBatchTask, crossModalKl, forwardKl } from "@msrl/distill";
import { runStage, type Stage } from "@msrl/stages";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { type ConfidenceRow, compareConfidences } from "./compareConfidences.js";
import { type Data, loadData, questionsOf } from "./data.js";
import { judge } from "./judge.js";
import { type Handed, runPipelineStage } from "./pipeline.js";
import { backboneOf } from "./reproduce.js";
import { fullSettings, maxTokens, type Settings } from "./settings.js";
import { imitate } from "./stages.js";
import { makeTraces } from "./traces.js";

/** Ways to make a student of the same traces. */
export const students = ["plain", "weighted", "crossModalKl", "onPolicy", "distribution"] as const;

/** One of {@link students}. */
export type StudentName = (typeof students)[number];

/** What one base model and one seed gave. */
export interface CmkdComparison {
  readonly backbone: number;
  readonly seed: number;
  /** Accuracy on pictures right after CMKD, and the items judged. */
  readonly students: Readonly<Record<StudentName, { readonly accuracy: number; readonly count: number }>>;
  readonly confidences: readonly ConfidenceRow[];
}

/** What the comparison is run over. */
export interface CompareOptions {
  readonly device: Device;
  /** Where base models are kept (that of `reproduce`), and where results are. */
  readonly backbones: { readonly folder: string; readonly seeds: readonly number[] };
  readonly folder: string;
  readonly seeds: readonly number[];
  readonly log: (line: string) => void;
  readonly settings?: Settings;
  readonly items?: number;
}

/** The stages up to the teacher. */
const beforeCmkd = ["coldStart", "textRl", "captionRl"] as const;

/** Part of the examples of which the student of `onPolicy` writes the trace itself. */
export const onPolicyPart = 0.5;

/** How many of the teacher's likeliest words the student of `distribution` follows at each token, and the rest as one. */
export const distributionWords = 16;

/** What of the cross-modal form is not as by default. */
interface CrossModalForm {
  readonly onPolicy?: number;
  readonly topK?: number;
}

/** A stage as CMKD's, whose trace tokens follow the teacher's probabilities instead of its words alone. */
const crossModalStage = (
  { examples }: NonNullable<Handed<DecoderState>["traces"]>,
  data: Data,
  settings: Settings["cmkd"],
  teacher: { readonly policy: TrainablePolicy<DecoderState>; readonly state: DecoderState },
  { onPolicy = 0, topK }: CrossModalForm,
): Stage<DecoderState> => {
  const plain = imitate<DecoderState>("cmkd", examples, settings);
  const asked = new Map(questionsOf("captioned", data.unlabelled).map(({ prompt }) => [prompt.id, prompt]));
  const make = crossModalBatchTask({
    teacher,
    onPolicy,
    sampling: { samples: 1, temperature: 1, maxTokens: maxTokens.seen },
    ...(topK !== undefined && { top: { topK } }),
  });
  return {
    ...plain,
    kind: "cross-modal",
    loss: crossModalKl(topK === undefined ? {} : { divergence: forwardKl({ teacher: "tokens" }) }),
    prepare: ({ policy, state, key: own, items }) =>
      pipe(
        make(
          items.map((at) => ({ ...examples[at]!, asked: asked.get(examples[at]!.prompt.id)! })),
          { policy, state, key: own },
        ),
        TE.map((batch) => ({ batch, metrics: {}, kept: [] })),
      ),
  };
};

/** The stage of each student; all have the same traces, steps, batches and optimizer. */
export const studentStage = (
  name: StudentName,
  traces: NonNullable<Handed<DecoderState>["traces"]>,
  data: Data,
  settings: Settings["cmkd"],
  teacher: { readonly policy: TrainablePolicy<DecoderState>; readonly state: DecoderState },
): Stage<DecoderState> => {
  switch (name) {
    case "plain":
      return imitate("cmkd", traces.examples, settings);
    case "weighted": {
      const weights = confidenceWeights()(traces.examples);
      return imitate(
        "cmkd",
        traces.examples.map((example, at) => ({ ...example, weight: weights[at]! })),
        settings,
      );
    }
    case "crossModalKl":
      return crossModalStage(traces, data, settings, teacher, {});
    case "onPolicy":
      return crossModalStage(traces, data, settings, teacher, { onPolicy: onPolicyPart });
    case "distribution":
      return crossModalStage(traces, data, settings, teacher, { topK: distributionWords });
  }
};

/** The comparison for one base model and seed: all of it, or the students that an earlier one had not. */
const compareOne = async (
  { backbones, log, settings = fullSettings, ...options }: CompareOptions,
  data: Data,
  { backbone, seed, ...before }: Pick<CmkdComparison, "backbone" | "seed"> & Partial<CmkdComparison>,
): Promise<CmkdComparison> => {
  const { policy, state } = await backboneOf({ device: options.device, folder: backbones.folder, log }, backbone);
  let handed: Handed<DecoderState> = { state, textReplay: [] };
  for (const stage of beforeCmkd)
    ({ handed } = await runPipelineStage(stage, { policy, data, settings, key: key(seed) }, handed));
  const teacher = { policy, state: handed.state };
  const traces = await makeTraces(policy, handed.state, data, settings.cmkd, fold(key(seed), "cmkd"));
  log(`  teacher: ${traces.examples.length} traces`);
  const confidences =
    before.confidences ?? (await compareConfidences(teacher, settings.cmkd, fold(key(seed), "compare")));
  const judged = { ...before.students } as Record<StudentName, { accuracy: number; count: number }>;
  for (const name of students) {
    if (judged[name]) continue;
    const stage = studentStage(name, traces, data, settings.cmkd, teacher);
    const result = await runStage(stage, { policy, state: handed.state, key: key(seed) });
    const { accuracy, count } = await judge({ policy, state: result.state }, "seen", data.heldOut, key(seed));
    judged[name] = { accuracy, count };
    log(`  ${name}: ${(100 * accuracy).toFixed(1)}`);
  }
  return { backbone, seed, students: judged, confidences };
};

/** Compares confidences and students for every base model and seed; what a folder already holds is not run again. */
export const compareCmkd = async (options: CompareOptions): Promise<readonly CmkdComparison[]> => {
  await mkdir(options.folder, { recursive: true });
  const data = await loadData({ split: "test", multimodal: options.items ?? 2000, text: 0 });
  const results: CmkdComparison[] = [];
  for (const seed of options.seeds)
    for (const backbone of options.backbones.seeds) {
      const file = join(options.folder, `backbone-${backbone}-seed-${seed}.json`);
      const before = await readFile(file, "utf8").then(
        (text) => JSON.parse(text) as CmkdComparison,
        () => undefined,
      );
      const whole = before && students.every((name) => before.students[name]);
      if (!whole) options.log(`base model ${backbone}, seed ${seed}`);
      const result = whole ? before : await compareOne(options, data, { ...before, backbone, seed });
      await writeFile(`${file}.tmp`, JSON.stringify(result));
      await rename(`${file}.tmp`, file);
      results.push(result);
    }
  return results;
};
