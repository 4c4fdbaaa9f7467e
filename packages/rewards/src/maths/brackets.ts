import type { Expression } from "./expression.js";
import { accept, deeper, expect, isWord, mathsLimits, peek, type Reader, refuse } from "./reader.js";

/** What stands between brackets, by commas or semicolons, and what closes it. */
export const sequence = (
  reader: Reader,
  close: readonly string[],
): { readonly items: readonly Expression[]; readonly close: string } => {
  const items: Expression[] = [];
  for (;;) {
    items.push(reader.relation(reader));
    if (items.length > mathsLimits.items) refuse("too many items");
    const end = close.find((sign) => accept(reader, sign));
    if (end !== undefined) return { items, close: end };
    if (!accept(reader, ",")) expect(reader, ";");
  }
};

/** Something in round or square brackets: a group, a tuple, an interval. */
export const bracketed = (reader: Reader, open: string): Expression =>
  deeper(reader, () => {
    const { items, close } = sequence(reader, [")", "]"]);
    if (items.length === 1 && (open === "(") === (close === ")")) return items[0]!;
    return { kind: "tuple", open, close, items };
  });

/** A matrix, behind its \\begin. */
export const matrix = (reader: Reader): Expression =>
  deeper(reader, () => {
    const name = environment(reader);
    if (!/^[pbvBV]?matrix\*?$/.test(name)) refuse(`environment ${name}`);
    const rows: Expression[][] = [[]];
    for (;;) {
      rows.at(-1)!.push(reader.sum(reader));
      if (rows.length * rows[0]!.length > mathsLimits.items) refuse("too many items");
      if (accept(reader, "&")) continue;
      const broken = accept(reader, "\\\\");
      if (isWord(reader, "end")) break;
      if (!broken) refuse("a row of a matrix does not end");
      rows.push([]);
    }
    reader.at++;
    environment(reader);
    return { kind: "matrix", rows };
  });

/** `{name}` after \begin or \end. */
const environment = (reader: Reader): string => {
  expect(reader, "{");
  const name = peek(reader) ?? "";
  reader.at++;
  expect(reader, "}");
  return name;
};
