import { hash } from "node:crypto";
import { type Completion, type Media, type Message, type Part, type Pixels, type Scorable, text } from "@msrl/core";
import { isObject, type Json, listAt, textAt } from "./read.js";
import { badField, refusal } from "./refusal.js";

/** Turns an encoded image (PNG, JPEG, ...) into pixels. */
export type DecodeImage = (bytes: Uint8Array) => Promise<Pixels>;

const mostImages = 256;
const dataUrl = /^data:([\w/+.-]{0,80})(?:;[\w=+.-]{1,80})*;base64,/;

const bytesOf = (base64: string, field: string): Uint8Array => {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length === 0) throw badField(field, "an image in base64");
  return bytes;
};

/** Base64 or a reference, of whatever form clients send: a text, `{ base64 }`, `{ bytes: { base64 } }`, `{ url }`, `{ path }`. */
const sourceOf = (image: unknown, field: string): { readonly base64?: string; readonly source: string } => {
  if (isObject(image)) {
    const { base64, bytes, url, path } = image;
    if (typeof base64 === "string") return { base64, source: "base64" };
    if (isObject(bytes)) return sourceOf(bytes, field);
    return sourceOf(url ?? path, field);
  }
  if (typeof image !== "string" || image === "") throw badField(field, "a reference, a data URL or { base64 }");
  const head = dataUrl.exec(image.slice(0, 400));
  return head ? { base64: image.slice(head[0].length), source: head[1] || "base64" } : { source: image };
};

/** An image as the reward sees it; a reference is passed on as it is, and never opened. */
const mediaOf = async (image: unknown, field: string, decode: DecodeImage | undefined): Promise<Media> => {
  const { base64, source } = sourceOf(image, field);
  if (base64 === undefined) return { kind: "image", frames: [], source };
  const bytes = bytesOf(base64, field);
  if (decode === undefined) return { kind: "image", frames: [], source: `data:image/*;base64,${base64}` };
  try {
    return { kind: "image", frames: [await decode(bytes)], source };
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    throw refusal(400, "BadImage", `${field} is no image that can be read: ${cause}`, { field });
  }
};

const roleOf = (role: unknown): Message["role"] =>
  role === "assistant" ? "assistant" : role === "system" || role === "developer" ? "system" : "user";

/** Parts of a message; an image without a reference of its own takes the next of the sample's. */
const partsOf = async (content: unknown, field: string, take: (given?: unknown) => Promise<Media | undefined>) => {
  if (typeof content === "string") return [text(content)];
  if (content === null || content === undefined) return [];
  const parts: Part[] = [];
  for (const [at, part] of listAt(content, field, 10_000).entries()) {
    if (!isObject(part)) throw badField(`${field}[${at}]`, "a part of a message");
    if (part.type === "text") parts.push(text(textAt(part.text, `${field}[${at}].text`)));
    else if (part.type === "image" || part.type === "image_url") {
      const given = part.image_url ?? part.image ?? part.url ?? part.path;
      const media = await take(given ?? undefined);
      if (media) parts.push({ type: "media", media });
    }
  }
  return parts;
};

const messagesOf = async (
  prompt: unknown,
  images: readonly unknown[],
  field: string,
  decode: DecodeImage | undefined,
): Promise<readonly Message[]> => {
  let next = 0;
  const take = async (given?: unknown): Promise<Media | undefined> => {
    if (given !== undefined) return mediaOf(given, `${field}.prompt`, decode);
    if (next >= images.length) return undefined;
    return mediaOf(images[next], `${field}.images[${next++}]`, decode);
  };
  const list = typeof prompt === "string" ? [{ role: "user", content: prompt }] : chatAt(prompt, `${field}.prompt`);
  const messages: Message[] = [];
  for (const [at, message] of list.entries()) {
    if (!isObject(message)) throw badField(`${field}.prompt[${at}]`, "a message with role and content");
    const content = await partsOf(message.content, `${field}.prompt[${at}].content`, take);
    messages.push({ role: roleOf(message.role), content });
  }
  const rest: Part[] = [];
  while (next < images.length) rest.push({ type: "media", media: (await take())! });
  return rest.length === 0 ? messages : withImages(messages, rest);
};

/** Images that no message places come first in the first message of the user. */
const withImages = (messages: readonly Message[], images: readonly Part[]): readonly Message[] => {
  const at = messages.findIndex(({ role }) => role === "user");
  if (at < 0) return [{ role: "user", content: images }, ...messages];
  return messages.map((message, index) =>
    index === at ? { ...message, content: [...images, ...message.content] } : message,
  );
};

/** The text of a completion: itself, or that of its last message. */
const completionText = (given: unknown, field: string): string => {
  if (typeof given === "string") return given;
  const last = chatAt(given, field).at(-1);
  if (!isObject(last)) throw badField(field, textOrMessages);
  const { content } = last;
  if (content === null || content === undefined) return "";
  if (typeof content === "string") return content;
  return listAt(content, field, 10_000)
    .map((part) => (isObject(part) && typeof part.text === "string" ? part.text : ""))
    .join("");
};

const textOrMessages = "a text, or a list of messages";

/** Messages, where a text would do as well. */
const chatAt = (given: unknown, field: string): readonly unknown[] => {
  if (!Array.isArray(given)) throw badField(field, textOrMessages);
  return listAt(given, field, 10_000);
};

const isIds = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((id) => Number.isSafeInteger(id));

/** A completion of which the text is known, and no more. */
export const completionOf = (value: string, tokenIds: readonly number[] = [], truncated = false): Completion => ({
  text: value,
  tokenIds,
  logProbs: [],
  truncated,
});

/** A text that tells prompts apart: JSON begins with a bracket, so no text is taken for it. */
const named = (prompt: unknown, images: unknown): string =>
  typeof prompt === "string" && images === undefined ? `text ${prompt}` : JSON.stringify([prompt, images]);

/** A name for a prompt that equal prompts share: completions of one prompt are a group. */
export const promptId = (prompt: unknown, images: unknown = undefined): string =>
  prompt === undefined ? "none" : hash("sha256", named(prompt, images)).slice(0, 16);

/** A sample of `/score` as a reward takes it. */
export const scorableOf = async (
  sample: unknown,
  field: string,
  referenceOf: (given: unknown) => unknown,
  decode: DecodeImage | undefined,
): Promise<Scorable<unknown>> => {
  if (!isObject(sample)) throw badField(field, "a sample: { completion, prompt, reference, images }");
  const { id, prompt, completion, tokenIds, truncated, reference }: Json = sample;
  if (tokenIds !== undefined && tokenIds !== null && !isIds(tokenIds))
    throw badField(`${field}.tokenIds`, "whole numbers");
  const images =
    sample.images === undefined || sample.images === null ? [] : listAt(sample.images, `${field}.images`, mostImages);
  const bare = (prompt === undefined || prompt === null) && images.length === 0;
  return {
    prompt: {
      id: typeof id === "string" ? id : promptId(bare ? undefined : (prompt ?? null), images),
      messages: bare ? [] : await messagesOf(prompt ?? [], images, field, decode),
    },
    completion: completionOf(completionText(completion, `${field}.completion`), tokenIds ?? [], truncated === true),
    reference: referenceOf(reference),
  };
};
