import { createRequire } from "node:module";

/** A thing of the world: its Unicode CLDR short name (one word), its emoji, and its picture's file in `@twemoji/svg`. */
export interface WorldObject {
  readonly name: string;
  readonly emoji: string;
  readonly file: string;
}

const require = createRequire(import.meta.url);
const names = require("unicode-emoji-json/data-by-emoji.json") as Readonly<Record<string, { readonly name: string }>>;

const inTextToo = "🐒 🍇 🚲 🦉 🐸 🐧 🦀 🐋 🌵 🥕 🍕 🚀 🎸 🥁 🚜 🍩";
const inPicturesOnly = "🍋 🍌 🦊 🚢 🌹 🦋 🤖 🍄 🌻 🍓 🍍 🍉 🍒 🌈 ☃️ 🔥 👑 🏀 🐼 🥑 🐖 🧭 🐨 👺";

const nameOf = (emoji: string): string => {
  const name = names[emoji]?.name ?? "";
  if (!/^[a-z]+$/.test(name))
    throw new RangeError(`${emoji} is named "${name}": an object's name is one lowercase word`);
  return name;
};

const codePoints = (emoji: string): readonly string[] =>
  [...emoji].map((point) => point.codePointAt(0)!.toString(16)).filter((point) => point !== "fe0f");

const read = (list: string): readonly WorldObject[] =>
  list.split(" ").map((emoji) => ({ name: nameOf(emoji), emoji, file: `${codePoints(emoji).join("-")}.svg` }));

/** The 16 objects that stories tell of; pictures show them too. */
export const textObjects: readonly WorldObject[] = read(inTextToo);

/** All 40 objects, chosen to be told apart at 12 pixels; the first 16 are {@link textObjects}. */
export const objects: readonly WorldObject[] = [...textObjects, ...read(inPicturesOnly)];
