import { text, toPromise } from "@msrl/core";
import { type ChatTokenizer, decoderPolicy, fromHub, loadAdapter } from "@msrl/core/models";
import type { Device } from "@msrl/core/session";
import { type TinkerPolicy, type TinkerState, tinkerClient, tinkerEngines, tinkerPolicy } from "@msrl/core/tinker";

/** Rank of the adapters here. */
export const rank = 4;

/** Text is token ids with spaces between. */
export const idTokenizer = (endId: number): ChatTokenizer => ({
  vocabularySize: 336,
  endId,
  padId: 0,
  encode: (ids) => ids.split(" ").filter(Boolean).map(Number),
  decode: (ids) => ids.join(" "),
  chat: (messages) =>
    messages.flatMap(({ content }) => content.map((part) => (part.type === "text" ? part.text : ""))).join(" "),
});

/** A prompt of token ids. */
export const idPrompt = (ids: readonly number[]) => ({
  id: ids.join(" "),
  messages: [{ role: "user" as const, content: [text(ids.join(" "))] }],
});

/** What a policy of these checks is made of. */
export interface EngineOptions {
  readonly url: string;
  readonly baseModel: string;
  readonly device: Device;
  /** Whether the engine is measured, or taken for what it is known to be. */
  readonly measured?: boolean;
  readonly fetch?: typeof fetch;
  readonly attempts?: number;
}

/** A policy on the server. */
export const enginePolicy = ({
  url,
  baseModel,
  device,
  measured,
  attempts = 8,
  ...more
}: EngineOptions): TinkerPolicy =>
  tinkerPolicy({
    client: tinkerClient({ url, attempts, ...more }),
    baseModel,
    rank,
    tokenizer: idTokenizer(318),
    device,
    ...(measured ? {} : { engine: tinkerEngines.skyrlJax }),
  });

/** The same policy here: the base of the folder, and the adapter that the server has for a state. */
export const localTwin = async (
  policy: TinkerPolicy,
  state: TinkerState,
  model: string,
  device: Device,
  folder: string,
) => {
  const base = await fromHub(model);
  const { lora, saved } = await loadAdapter(await toPromise(policy.exportAdapter(state, folder)));
  const options = { config: base.config, base: base.weights, tokenizer: idTokenizer(318), device };
  const local = decoderPolicy({ ...options, lora });
  return { local, saved, state: await toPromise(local.load(saved, { optimizer: false })) };
};
