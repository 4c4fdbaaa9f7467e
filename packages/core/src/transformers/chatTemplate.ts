import { Template } from "@huggingface/jinja";
import { type Message, text } from "../data/prompt.js";

type Json = Readonly<Record<string, unknown>>;

/** A message's content as parts: `{ type: "text", text }`, `{ type: "image" }`, `{ type: "video" }`. */
const asParts = ({ role, content }: Message): Json => ({
  role,
  content: content.map((part) => (part.type === "text" ? part : { type: part.media.kind })),
});

/** A message's content as one text, if it holds nothing else. */
const asText = (message: Message): Json => {
  const { role, content } = message;
  const texts = content.flatMap((part) => (part.type === "text" ? [part.text] : []));
  return texts.length === content.length ? { role, content: texts.join("") } : asParts(message);
};

const sample = "what is the content?";

/**
 * Whether a template wants a message's content as one text: templates of text models join it to the role, those of
 * vision models walk over its parts. Found out by trying both on one message.
 */
const wantsText = (render: (messages: readonly Json[]) => string): boolean => {
  const rendered = (form: (message: Message) => Json): string | undefined => {
    try {
      return render([form({ role: "user", content: [text(sample)] })]);
    } catch {
      return undefined;
    }
  };
  const [whole, parts] = [rendered(asText), rendered(asParts)];
  return whole?.includes(sample) === true && whole !== parts;
};

/** What renders a prompt's messages by a chat template, up to where the answer begins. */
export const chatRenderer = (chatTemplate: string, special: Json): ((messages: readonly Message[]) => string) => {
  const template = new Template(chatTemplate);
  const render = (messages: readonly Json[]): string =>
    template.render({ ...special, messages, add_generation_prompt: true });
  const form = wantsText(render) ? asText : asParts;
  return (messages) => render(messages.map(form));
};
