const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

const isWide = /\p{Emoji_Presentation}|\ufe0f|[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/** Text without control characters, so that it cannot steer a terminal: each becomes a space. */
export const onOneLine = (text: string): string => text.replace(/\p{Cc}/gu, " ");

/** Columns that a text takes in a terminal: two for emoji and East Asian characters, one for the others. */
export const displayWidth = (text: string): number =>
  [...graphemes.segment(text)].reduce((width, { segment }) => width + (isWide.test(segment) ? 2 : 1), 0);

/** A text cut to a number of columns, with an ellipsis where something was cut. */
export const fitted = (text: string, columns: number): string => {
  if (displayWidth(text) <= columns) return text;
  let kept = "";
  let width = 1;
  for (const { segment } of graphemes.segment(text)) {
    width += isWide.test(segment) ? 2 : 1;
    if (width > columns) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept}\u2026`;
};
