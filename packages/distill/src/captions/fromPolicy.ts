import {
  type Caption,
  type CaptionError,
  type Captioner,
  type Completion,
  type Media,
  media,
  type Prompt,
  type SampleFramesOptions,
  sampleFrames,
  tagged,
  text,
} from "@msrl/core";
import type { Policy, PolicyError, Sampling } from "@msrl/core/policy";
import { pipe } from "fp-ts/function";
import * as TE from "fp-ts/TaskEither";
import { joinCaptions } from "./joinCaptions.js";

/** How a policy is asked for captions. */
export interface FromPolicyOptions<State> {
  readonly policy: Policy<State>;
  readonly state: State;
  /** What tells this state (and `render` and `read`, if given) from others, f.e. a checkpoint's name: captions are kept under it. */
  readonly checkpoint: string;
  /** What it is asked, beside the medium. */
  readonly prompt?: string;
  /** The whole prompt of a medium; by default one message, the medium and then `prompt`. */
  readonly render?: (medium: Media) => Prompt;
  /** The caption in a completion; by default {@link captionBlock}. */
  readonly read?: (completion: Completion) => Pick<Caption, "text" | "truncated">;
  /** Several samples, at a temperature above 0, are several captions, put together a line each. */
  readonly sampling?: Partial<Sampling>;
  /** Temperature at least where a caption was not taken and is asked for again: at 0 the same would come; 0.7 by default. */
  readonly retryTemperature?: number;
  /** Frames of a video that are shown; all of them if absent. */
  readonly frames?: Partial<SampleFramesOptions>;
}

/** Defaults of {@link fromPolicy}. */
export const fromPolicyDefaults = {
  prompt: "Describe what is shown. Answer as <caption> description </caption>.",
  sampling: { samples: 1, temperature: 0, maxTokens: 256 },
  retryTemperature: 0.7,
} as const;

/**
 * The caption in a completion of MSRL's form: what stands in its first `<caption>` block. Cut off if the block was not
 * closed; empty if there is none.
 *
 * @example
 * import { captionBlock } from "@msrl/distill";
 * const completion = (text: string) => ({ text, tokenIds: [], logProbs: [], truncated: false });
 * assert.deepStrictEqual(captionBlock(completion("<type>t</type> <caption> a fox </caption> <think>")), { text: "a fox", truncated: false });
 * assert.deepStrictEqual(captionBlock(completion("<caption> a fo")), { text: "a fo", truncated: true });
 * @since 0.1.0
 */
export const captionBlock = ({ text }: Completion): Pick<Caption, "text" | "truncated"> => {
  const [, inside, end] = /<caption>([\s\S]*?)(<\/caption>|$)/.exec(text) ?? [];
  return { text: (inside ?? "").trim(), truncated: end === "" };
};

const failed = (captioner: string, { _tag, message }: PolicyError): CaptionError =>
  tagged("CaptionError", `captioner ${captioner}: ${message}`, { captioner, final: _tag !== "PolicyFailed" });

/**
 * A policy as captioner, the judge itself for one: the `<caption>` block of its own output.
 *
 * One prompt a medium; greedy unless sampled or asked for again. Errors are those of the policy as `CaptionError`; `retryCaptions` asks
 * again after a `PolicyFailed`, others are final. Tokens are those written; a policy does not tell those read.
 *
 * @example
 * import { key, toPromise } from "@msrl/core";
 * import type { Policy } from "@msrl/core/policy";
 * import { fromPolicy } from "@msrl/distill";
 * import * as TE from "fp-ts/TaskEither";
 * const completion = { text: "<caption> a red fox </caption>", tokenIds: [5, 6, 7], logProbs: [-1, -1, -1], truncated: false };
 * const policy: Policy<null> = {
 *   name: "judge",
 *   gives: [],
 *   tokenize: () => [],
 *   sample: (_, prompts) => TE.right(prompts.map((prompt) => ({ prompt, completions: [completion] }))),
 *   logProbs: () => TE.right([]),
 * };
 * const captioner = fromPolicy({ policy, state: null, checkpoint: "step 100" });
 * const image = { kind: "image", frames: [{ width: 1, height: 1, data: Uint8Array.of(9, 9, 9) }] } as const;
 * const caption = await toPromise(captioner.caption(image, { key: key(0) }));
 * assert.deepStrictEqual(caption, { text: "a red fox", tokens: { prompt: 0, completion: 3 }, truncated: false });
 * @since 0.1.0
 */
export const fromPolicy = <State>(options: FromPolicyOptions<State>): Captioner => {
  const { policy, state, checkpoint, prompt = fromPolicyDefaults.prompt, read = captionBlock } = options;
  const content = (medium: Media) => [media(medium), text(prompt)];
  const one = (medium: Media): Prompt => ({ id: "caption", messages: [{ role: "user", content: content(medium) }] });
  const { render = one } = options;
  const sampling = { ...fromPolicyDefaults.sampling, ...options.sampling };
  const { retryTemperature = fromPolicyDefaults.retryTemperature } = options;
  const again = { ...sampling, temperature: Math.max(sampling.temperature, retryTemperature) };
  const choose = options.frames === undefined ? undefined : sampleFrames(options.frames);
  const captionOf = (completion: Completion): Caption => {
    const { text, truncated } = read(completion);
    const tokens = { prompt: 0, completion: completion.tokenIds.length };
    return { text, tokens, truncated: truncated || (completion.truncated && text === "") };
  };
  return {
    name: policy.name,
    fingerprint: JSON.stringify(["policy", policy.name, checkpoint, prompt, sampling, again, options.frames ?? null]),
    caption: (medium, { key, attempt = 0 }) => {
      const shown = choose === undefined ? medium : { ...medium, frames: choose(medium.frames) };
      return pipe(
        policy.sample(state, [render(shown)], attempt > 0 ? again : sampling, key),
        TE.mapLeft((error) => failed(policy.name, error)),
        TE.map(([rollout]) => joinCaptions((rollout?.completions ?? []).map(captionOf))),
      );
    },
  };
};
