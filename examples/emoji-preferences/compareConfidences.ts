import type { Key, Label } from "@msrl/core";
import type { DecoderState } from "@msrl/core/models";
import {
  answerLogProb,
  type Candidate,
  type CmkdRun,
  type CmkdSample,
  chooseTrace,
  cmkd,
  labelMargin,
  labelProbability,
  rationaleScore,
  swapSample,
  swapTrace,
  type Teacher,
  voteShare,
} from "@msrl/distill";
import { hasFormat, verdict } from "@msrl/rewards";
import { questionsOf } from "./data.js";
import { maxTokens, type Settings } from "./settings.js";
import { tags } from "./stages.js";
import { captionOf, loadSprites, unlabelledPoolSolved } from "./world/index.js";

/** How good pseudo-labels are that one confidence had a hand in; counts over samples. */
export interface ConfidenceRow {
  readonly name: string;
  readonly samples: number;
  /** Verdict of the surest single candidate: how often it is the label. */
  readonly surest: number;
  /** Vote, ties by this confidence: samples kept, and how many of them have the right label. */
  readonly kept: number;
  readonly right: number;
  /** The same among the surer half of those kept. */
  readonly half: number;
  readonly halfRight: number;
  /** Probability that a kept sample of right label is surer than one of wrong label; null if there are none of either. */
  readonly separation: number | null;
}

const readVerdict = verdict();
const formed = hasFormat({ tags: tags.captioned });

/** CMKD's samples with their labels, rendered in both orders. */
const solved = async (count: number): Promise<readonly (CmkdSample & { readonly label: Label })[]> => {
  const pool = unlabelledPoolSolved({ sprites: await loadSprites() }).slice(0, count);
  const [seen, asked] = [questionsOf("seen", pool), questionsOf("captioned", pool)];
  const swapped = questionsOf("captioned", pool.map(swapSample));
  return pool.map((sample, at) => ({
    prompt: seen[at]!.prompt,
    asked: asked[at]!.prompt,
    swapped: swapped[at]!.prompt,
    caption: captionOf(sample),
    label: sample.label!,
  }));
};

const measures = {
  "answer log-prob": answerLogProb(),
  "label probability": labelProbability(),
  "label margin": labelMargin(),
  "vote share": voteShare(readVerdict),
  "rationale score": rationaleScore(),
};

/** Area under the curve: how often a right one is surer than a wrong one, ties half. */
const separationOf = (kept: readonly { readonly confidence: number; readonly right: boolean }[]): number | null => {
  const [right, wrong] = [true, false].map((is) => kept.filter((one) => one.right === is));
  if (right!.length === 0 || wrong!.length === 0) return null;
  const wins = right!.flatMap((r) =>
    wrong!.map((w) => (r.confidence > w.confidence ? 1 : r.confidence === w.confidence ? 0.5 : 0)),
  );
  return wins.reduce<number>((sum, each) => sum + each, 0) / wins.length;
};

/** What one confidence makes of all candidates. */
const rowOf = (name: string, field: string, samples: readonly CmkdSample[], { records }: CmkdRun): ConfidenceRow => {
  const outcomes = records.map(({ candidates, confidences }, at) => {
    const values = new Map(candidates.map((candidate, c) => [candidate, confidences![field]![c]!]));
    const sure = (candidate: Candidate): number => values.get(candidate) ?? Number.NaN;
    const choose = chooseTrace({
      ...{ readVerdict, hasFormat: formed, ties: "confidence" },
      confidence: (each) => sure(each as Candidate),
    });
    const readable = candidates.filter(({ text }) => readVerdict(text) !== null);
    const surest = readable.reduce<Candidate | undefined>(
      (best, each) => (best === undefined || sure(each) > sure(best) ? each : best),
      undefined,
    );
    return {
      outcome: choose({ prompt: samples[at]!.prompt, completions: candidates }),
      surest: surest !== undefined && readVerdict(surest.text) === samples[at]!.label,
      label: samples[at]!.label,
    };
  });
  const kept = outcomes
    .flatMap(({ outcome, label }) =>
      outcome._tag === "Kept" ? [{ confidence: outcome.confidence, right: outcome.pseudoLabel === label }] : [],
    )
    .sort((a, b) => b.confidence - a.confidence);
  const half = kept.slice(0, Math.ceil(kept.length / 2));
  return {
    name,
    samples: records.length,
    surest: outcomes.filter(({ surest }) => surest).length,
    kept: kept.length,
    right: kept.filter(({ right }) => right).length,
    half: half.length,
    halfRight: half.filter(({ right }) => right).length,
    separation: separationOf(kept),
  };
};

/** What one candidate alone is worth: the expected count of right ones, unreadable ones being wrong. */
const single = (samples: readonly CmkdSample[], { records }: CmkdRun): number =>
  records.reduce((sum, { candidates }, at) => {
    const right = candidates.filter(({ text }) => readVerdict(text) === samples[at]!.label);
    return sum + right.length / candidates.length;
  }, 0);

/** Pseudo-labels of CMKD's samples by confidence, and with half of the candidates seeing A and B exchanged. */
export const compareConfidences = async (
  teacher: Teacher<DecoderState>,
  { samples, candidates }: Settings["cmkd"],
  key: Key,
): Promise<readonly ConfidenceRow[]> => {
  const pool = await solved(samples);
  const options = {
    ...{ teacher, candidates, hasFormat: formed, readVerdict, key, measures },
    sampling: { temperature: 1, maxTokens: maxTokens.captioned },
    batchSize: 50,
  };
  const given = await cmkd(options)(pool);
  const both = await cmkd({
    ...options,
    measures: {},
    ties: "confidence",
    positions: "both",
    swap: swapTrace({ letters: "every" }),
  })(pool);
  const right = both.examples.filter(
    ({ prompt, pseudoLabel }) => pool.find((sample) => sample.prompt.id === prompt.id)!.label === pseudoLabel,
  );
  const none = { samples: pool.length, kept: 0, right: 0, half: 0, halfRight: 0, separation: null };
  return [
    { ...none, name: "one candidate, drawn", surest: single(pool, given) },
    rowOf("mean log-prob", "confidence", pool, given),
    ...Object.keys(measures).map((name) => rowOf(name, name, pool, given)),
    { ...none, name: "mean log-prob, both orders", surest: 0, kept: both.examples.length, right: right.length },
  ];
};
