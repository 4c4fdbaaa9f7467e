import { html, type Markup } from "./markup.js";

const tag = /<(\/?)([A-Za-z][\w-]{0,63})>/g;

/** A piece of a completion: a tag with its name and the depth it opens or closes, or the text between tags. */
type Piece = { readonly text: string; readonly name?: string; readonly closing?: boolean };

const piecesOf = (text: string): readonly Piece[] => {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(tag)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index) });
    pieces.push({ text: match[0], name: match[2]!, closing: match[1] === "/" });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
};

/** Groups pieces into lines: one a block of the outermost tags, one a stretch of text between such blocks. */
const linesOf = (pieces: readonly Piece[]): readonly (readonly Piece[])[] => {
  const lines: Piece[][] = [[]];
  let depth = 0;
  for (const piece of pieces) {
    const opens = piece.name !== undefined && !piece.closing;
    if (opens && depth === 0) lines.push([]);
    lines.at(-1)!.push(piece);
    if (opens) depth++;
    if (piece.closing && depth > 0) {
      depth--;
      if (depth === 0) lines.push([]);
    }
  }
  return lines.filter((line) => line.some(({ text }) => text.trim() !== ""));
};

/**
 * A completion as HTML: each outermost block of tags on a line of its own, tags in the colour of their name.
 *
 * All its text is there, escaped, whether or not tags are balanced; one pass, so a hostile text costs no more than its length.
 */
export const completionMarkup = (completion: string): Markup => {
  const pieces = piecesOf(completion);
  const names = [...new Set(pieces.flatMap(({ name }) => name ?? []))];
  const written = ({ text, name }: Piece): Markup | string =>
    name === undefined ? text : html`<span class="tag${names.indexOf(name) % 6}"><b>${text}</b></span>`;
  return html`<div class="told">${linesOf(pieces).map((line) => html`<div dir="auto">${line.map(written)}</div>`)}</div>`;
};
