import { describe, expect, it } from "vitest";
import { type Message, media, text } from "../data/prompt.js";
import { chatRenderer } from "./chatTemplate.js";

const special = { bos_token: "<s>" };
const joined =
  "{{ bos_token }}{% for message in messages %}{{ '<' + message['role'] + '>' + message['content'] }}{% endfor %}" +
  "{% if add_generation_prompt %}<assistant>{% endif %}";
const parts =
  "{% for message in messages %}{{ '<' + message.role + '>' }}{% for part in message.content %}" +
  "{% if part.type == 'text' %}{{ part.text }}{% else %}[{{ part.type }}]{% endif %}{% endfor %}{% endfor %}<assistant>";
const either =
  "{% for message in messages %}{% if message.content is string %}{{ message.content }}{% else %}" +
  "{% for part in message.content %}{{ part.text }}|{% endfor %}{% endif %}{% endfor %}";

const picture = media({ kind: "image", frames: [] });
const messages: readonly Message[] = [
  { role: "system", content: [text("be brief")] },
  { role: "user", content: [text("what "), text("now?")] },
];

describe("a chat template gets a message's content", () => {
  it("as one text, if it joins it to others", () => {
    expect(chatRenderer(joined, special)(messages)).toBe("<s><system>be brief<user>what now?<assistant>");
  });

  it("as parts, if it walks over them", () => {
    const seen = chatRenderer(parts, special)([{ role: "user", content: [picture, text("what?")] }]);
    expect(seen).toBe("<user>[image]what?<assistant>");
  });

  it("as parts where there is a medium, whatever it wants for text", () => {
    const render = chatRenderer(either, special);
    expect(render([{ role: "user", content: [text("a"), picture] }])).toContain("a|");
  });

  it("with its own refusals", () => {
    const strict = "{% for message in messages %}{{ raise_exception('no ' + message.role) }}{% endfor %}";
    expect(() => chatRenderer(strict, special)(messages)).toThrow("no system");
  });
});
