import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fold, key, type PreferenceSample, type Prompt, toPromise } from "@msrl/core";
import { type DecoderState, decoderPolicy } from "@msrl/core/models";
import type { TrainablePolicy } from "@msrl/core/policy";
import { type Device, openDevice } from "@msrl/core/session";
import { loadTokenizer } from "@msrl/core/transformers";
import type { StepMetrics } from "@msrl/stages";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Data } from "./data.js";
import { judgeAll } from "./judge.js";
import { modelConfig } from "./model.js";
import { type Handed, type PipelineOptions, rows, runPipelineStage } from "./pipeline.js";
import type { Settings } from "./settings.js";
import type { StageName } from "./stages.js";
import {
  backboneFolder,
  evaluationPool,
  instructions,
  labelledPool,
  loadSprites,
  type Mode,
  randomVerdictDemo,
  textPool,
  unlabelledPool,
} from "./world/index.js";

const rl = { steps: 2, batchSize: 4, samples: 4, learningRate: 1e-2, warmupSteps: 0, finalFraction: 0.5 };
const sft = { steps: 2, batchSize: 4, learningRate: 1e-2 };
const settings: Settings = {
  coldStart: sft,
  textRl: rl,
  captionRl: { ...rl, replayWeight: 0.02, newPerOld: 2 },
  cmkd: { ...sft, samples: 6, candidates: 3 },
  multimodalRl: { ...rl, captionWeight: 0.05, captionsPerStep: 2 },
  multimodalOnly: rl,
  evaluation: { multimodal: 4, text: 4 },
};

const modeOf = ({ messages }: Prompt): Mode => {
  const part = messages[0]!.content[0]!;
  const asked = Object.entries(instructions).find(([, words]) => part.type === "text" && part.text === words)!;
  return asked[0] as Mode;
};

/** A decoder that keeps the form from the start: it says demonstrations with random verdicts, with its own log-probs of them. */
const formal = (
  decoder: TrainablePolicy<DecoderState>,
  samples: readonly PreferenceSample[],
): TrainablePolicy<DecoderState> => {
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  return {
    ...decoder,
    sample: (state, prompts, sampling, from) => {
      const said = prompts.map((prompt, at) =>
        Array.from({ length: sampling.samples }, (_, draw) => {
          const demo = randomVerdictDemo(modeOf(prompt), fold(fold(from, at), draw));
          return demo(byId.get(prompt.id)!).completion;
        }),
      );
      const sequences = prompts.map((prompt, at) => ({ prompt, completions: said[at]!.map(decoder.tokenize) }));
      return pipe(
        decoder.logProbs(state, sequences),
        TE.map((logProbs) =>
          sequences.map(({ prompt, completions }, at) => ({
            prompt,
            completions: completions.map((tokenIds, draw) => ({
              text: said[at]![draw]!,
              tokenIds,
              logProbs: [...logProbs[at]![draw]!],
              truncated: false,
            })),
          })),
        ),
      );
    },
  };
};

let device: Device;
let options: Pick<PipelineOptions<DecoderState>, "policy" | "data" | "settings" | "key">;
let start: Handed<DecoderState>;
beforeAll(async () => {
  const sprites = await loadSprites();
  const data: Data = {
    text: textPool({ sprites, count: 12 }),
    labelled: labelledPool({ sprites, count: 8 }),
    unlabelled: unlabelledPool({ sprites, count: 8 }),
    heldOut: evaluationPool({ sprites, split: "dev", count: 4 }),
    heldOutText: evaluationPool({ sprites, split: "dev", kind: "text", count: 4 }),
  };
  device = await openDevice({ thread: "main", threads: 1 });
  const tokenizer = await loadTokenizer(backboneFolder);
  const { vision, ...decoder } = modelConfig(tokenizer);
  const tiny = { hiddenSize: 16, intermediateSize: 24 };
  const config = { ...decoder, ...tiny, layers: 1, headSize: 4, vision: { ...vision!, ...tiny } };
  const policy = formal(decoderPolicy({ config, tokenizer, device }), Object.values(data).flat());
  options = { policy, data, settings, key: key(5) };
  start = { state: await toPromise(policy.init(key(1))), textReplay: [] };
});
afterAll(() => device.close());

type Curves = Partial<Record<StageName, readonly StepMetrics[]>>;

/** Runs stages one after another; what each handed on, and its curves. */
const runRow = async (stages: readonly StageName[], more: Partial<PipelineOptions<DecoderState>> = {}) => {
  const handed: Handed<DecoderState>[] = [start];
  const curves: Curves = {};
  for (const name of stages) {
    const done = await runPipelineStage(name, { ...options, ...more }, handed.at(-1)!);
    handed.push(done.handed);
    curves[name] = done.steps;
  }
  return { handed, last: handed.at(-1)!, curves };
};

describe("the pipeline", () => {
  it("trains the language part up to CMKD, then all; hands on good text samples and traces", async () => {
    const { handed, last, curves } = await runRow(rows.full);
    expect(Object.values(curves).map((steps) => steps.length)).toEqual([2, 2, 2, 2, 2]);
    const changed = handed.slice(1).map(({ state }, at) => {
      const before = handed[at]!.state.parameters;
      return Object.keys(before).filter((group) => state.parameters[group]!.some((v, i) => v !== before[group]![i]));
    });
    const all = ["vision", "projector", "language"];
    expect(changed.slice(0, 3)).toEqual([["language"], ["language"], ["language"]]);
    expect(changed.slice(3).map((groups) => new Set(groups))).toEqual([new Set(all), new Set(all)]);
    expect(last.textReplay.length).toBeGreaterThan(2);
    expect(last.textReplay.every(({ prompt }) => modeOf(prompt) === "text")).toBe(true);
    const { examples, table } = last.traces!;
    expect([table.samples, examples.length, table.dropped]).toEqual([
      6,
      6,
      { unreadable: 0, tie: 0, format: 0, unsure: 0 },
    ]);
    expect(examples.every(({ prompt, completion }) => modeOf(prompt) === "seen" && /<caption> /.test(completion))).toBe(
      true,
    );
  });

  it("runs every row of the ablation, with and without what stages hand on", async () => {
    for (const name of ["without stage 1", "without CMKD", "multimodal only"] as const) {
      const { last, curves } = await runRow(rows[name]);
      expect(Object.keys(curves)).toEqual(rows[name]);
      expect(last.traces === undefined).toBe(name !== "without stage 1");
      expect(last.textReplay.length > 0).toBe(name === "without CMKD");
    }
  });

  it("is judged on pictures, captions and text", async () => {
    const evaluations = await judgeAll({ policy: options.policy, state: start.state }, options.data, "start", key(2));
    expect(evaluations.map(({ name, count }) => [name, count])).toEqual([
      ["seen", 4],
      ["captions", 4],
      ["text", 4],
    ]);
    expect(evaluations[0]!.extra).toEqual({ captions_exact: 1, unreadable: 0 });
    expect(Object.keys(evaluations[0]!.byTask)).toHaveLength(4);
  });
});

describe("a pipeline that is stopped in every stage and resumed", () => {
  it("ends as the one that was not, to the last bit", async () => {
    const wanted = await runRow(rows.full);
    const folder = await mkdtemp(join(tmpdir(), "pipeline-"));
    const checkpoints = (stage: StageName) => ({ folder: join(folder, stage), resume: true });
    try {
      for (const [life, stopped] of rows.full.entries()) {
        const stop = new AbortController();
        const steps: string[] = [];
        const onStep = (stage: StageName, { step }: StepMetrics) => {
          steps.push(`${stage} ${step}`);
          if (stage === stopped) stop.abort();
        };
        await expect(runRow(rows.full, { checkpoints, onStep, signal: stop.signal })).rejects.toMatchObject({
          _tag: "Interrupted",
          stage: stopped,
          step: 1,
        });
        const before = life === 0 ? [] : [`${rows.full[life - 1]} 2`]; // stages done are not run again
        expect(steps).toEqual([...before, `${stopped} 1`]);
      }
      const { last, curves } = await runRow(rows.full, { checkpoints });
      expect(last).toEqual(wanted.last);
      expect(curves).toEqual(wanted.curves);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
