import type { Token } from "./tokens.js";

/** Units that may follow an answer, by their short and long names. */
const units = new Set(
  `mm cm dm m km in inch inches ft foot feet yd yard yards mi mile miles mg g kg lb lbs oz t ton tons ml l liter liters
  litre litres s sec second seconds min minute minutes h hr hour hours day days week weeks month months year years mph
  kmh hz khz n j kj w kw v a k deg degree degrees rad radian radians cent cents dollar dollars euro euros usd percent unit units square
  sq cubic people apples ways points`.split(/\s+/),
);

/** Letters that are read as symbols where they stand alone, though they are units too. */
const letters = /^[a-z]$/i;

/** Whether a token names a unit, or several words of which each does; a letter alone does behind a slash only. */
export const isUnit = (token: Token | undefined, behindSlash = false): boolean => {
  if (token?.kind !== "text" && token?.kind !== "word") return false;
  if (token.kind === "word" && letters.test(token.text) && !behindSlash) return false;
  const words = token.text
    .toLowerCase()
    .trim()
    .split(/[\s/^\d-]+/);
  const names = words.filter((name) => name !== "" && name !== "per");
  return names.length > 0 && names.every((name) => units.has(name));
};
