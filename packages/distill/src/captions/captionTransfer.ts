import {
  type CaptionError,
  type Captioner,
  type Media,
  type PreferenceSample,
  type Response,
  toPromise,
} from "@msrl/core";
import { checkOptions } from "@msrl/core/configuration";
import * as E from "fp-ts/Either";
import * as TE from "fp-ts/TaskEither";
import { askAll, type Job } from "./askAll.js";
import { type CaptionReport, captionReport, type MediumOutcome } from "./captionReport.js";
import { type CaptionedSample, captionSample, mediaOf } from "./captionSample.js";
import {
  type CaptionTransferOptions,
  captionTransferDefaults,
  captionTransferRules,
} from "./captionTransferOptions.js";

/** A sample in text, and the same with its media and their captions. */
export interface TransferredSample {
  readonly inText: CaptionedSample;
  readonly captioned: PreferenceSample;
}

/** A sample that was left out, and why: every reason, by medium; a flawed caption with its beginning. */
export interface UntransferredSample {
  readonly id: string;
  readonly reason: "failed" | "flawed";
  readonly messages: readonly string[];
}

/** What {@link captionTransfer} makes: samples in their order, those left out, and the counts of both. */
export interface CaptionTransfer {
  readonly samples: readonly TransferredSample[];
  readonly dropped: readonly UntransferredSample[];
  readonly report: CaptionReport;
}

/** The caption that is taken, or why none is. */
const taken = ({ medium, place }: Job, { given, failure }: MediumOutcome, keep: boolean): E.Either<string, string> => {
  const at = `${medium.kind} at ${place}`;
  const last = given.at(-1);
  if (failure !== undefined || last === undefined) return E.left(`${at}: ${failure ?? "no caption"}`);
  const fine = last.flaws.length === 0 || (keep && last.caption.text.trim() !== "");
  const start = JSON.stringify(last.caption.text.trim().slice(0, 200));
  return fine
    ? E.right(last.caption.text)
    : E.left(`${at}: the caption is flawed (${last.flaws.join(", ")}): ${start}`);
};

/** The sample with captions in its media, in the order of `mediaOf`. */
const filled = (sample: PreferenceSample, captions: readonly string[]): PreferenceSample => {
  let next = 0;
  const withCaption = (medium: Media): Media => ({ ...medium, caption: captions[next++]! });
  const context = sample.context.map(withCaption);
  const answer = (response: Response) => (typeof response === "string" ? response : withCaption(response));
  const [a, b] = sample.responses;
  return { ...sample, context, responses: [answer(a), answer(b)] };
};

/** Puts the outcomes of media back into their samples. */
const assemble = (
  options: CaptionTransferOptions,
  samples: readonly PreferenceSample[],
  jobs: readonly Job[],
  outcomes: readonly MediumOutcome[],
): CaptionTransfer => {
  const write = captionSample(options);
  const kept: TransferredSample[] = [];
  const dropped: UntransferredSample[] = [];
  let next = 0;
  for (const sample of samples) {
    const own = jobs.slice(next, next + mediaOf(sample).length);
    const results = own.map((job, at) => ({ job, outcome: outcomes[next + at]! }));
    next += own.length;
    const captions = results.map(({ job, outcome }) => taken(job, outcome, options.onFlaw === "keep"));
    const messages = captions.flatMap((caption) => (E.isLeft(caption) ? [caption.left] : []));
    const captioned = filled(sample, captions.map(E.getOrElse(() => "")));
    const inText = write(captioned);
    const failed = results.some(({ outcome }) => outcome.failure !== undefined);
    if (messages.length === 0 && E.isRight(inText)) kept.push({ inText: inText.right, captioned });
    else dropped.push({ id: sample.id, reason: failed ? "failed" : "flawed", messages });
  }
  const failed = dropped.filter(({ reason }) => reason === "failed").length;
  const counts = { samples: samples.length, kept: kept.length, dropped: { failed, flawed: dropped.length - failed } };
  return { samples: kept, dropped, report: captionReport(counts, outcomes) };
};

/** Caption transfer: the TaskEither door of {@link captionTransfer}. */
export const captionTransferTask = (
  captioner: Captioner,
  given: Partial<CaptionTransferOptions> & Pick<CaptionTransferOptions, "key">,
) => {
  const options = checkOptions<CaptionTransferOptions>(
    "captionTransfer",
    captionTransferRules,
    captionTransferDefaults,
    given,
  );
  return (samples: readonly PreferenceSample[]): TE.TaskEither<CaptionError, CaptionTransfer> => {
    const jobs = samples.flatMap((sample) => mediaOf(sample).map((placed): Job => ({ sample, ...placed })));
    return TE.map((outcomes: readonly MediumOutcome[]) => assemble(options, samples, jobs, outcomes))(() =>
      askAll(captioner, options, jobs),
    );
  };
};

/**
 * Caption transfer: multimodal preference samples as the same samples in text, so that a policy can learn on words to
 * judge what it will later see.
 *
 * Every image, video and answer that is one becomes the captioner's caption, in the place where it stood, written by
 * `mark`. Each sample comes twice: `inText` (as `captionSample` makes it) and `captioned`, the media with their captions,
 * for prompt renderers with `captionParts` and for files. A sample with a medium that has no caption, or one with a flaw,
 * is left out with its reasons; the report counts all.
 *
 * Rejects with a `CaptionError` if failures come in a row or the signal calls it off; with a `captionFolder` nothing that
 * was answered is lost then. MSRL (2026), stage 2, https://arxiv.org/abs/2603.25108.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { key } from "@msrl/core";
 * import { captionTransfer, fromDataset } from "@msrl/distill";
 * const image = (caption: string) => ({ kind: "image", frames: [], caption }) as const;
 * const sample = { id: "s1", task: "image_generation", query: "Draw a fox.", context: [], responses: [image("a dog"), image("a fox")] } as const;
 * const transfer = captionTransfer(fromDataset(), { key: key(0) });
 * const { samples, report } = await transfer([sample, { ...sample, id: "s2", responses: [image("a dog"), image("I'm sorry, but I cannot")] }]);
 * assert.deepStrictEqual(samples.map(({ inText }) => inText.responses), [["a dog", "a fox"]]);
 * assert.deepStrictEqual([report.kept, report.dropped, report.flaws.refused], [1, { failed: 0, flawed: 1 }, 1]);
 * @since 0.1.0
 */
export const captionTransfer = (...given: Parameters<typeof captionTransferTask>) => {
  const transfer = captionTransferTask(...given);
  return (samples: readonly PreferenceSample[]): Promise<CaptionTransfer> => toPromise(transfer(samples));
};
