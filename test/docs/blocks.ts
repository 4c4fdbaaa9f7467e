/** A piece of code in the documentation. */
export interface Block {
  /** File it stands in, relative to the root, and the line of its first line of code. */
  readonly file: string;
  readonly line: number;
  readonly code: string;
  /** Why it is only type-checked, if it is. */
  readonly noRun?: string;
}

const withReason = (block: Block, words: string): Block => {
  const reason = /^no-run\b[:\s]*(.*)$/.exec(words.trim());
  return reason ? { ...block, noRun: reason[1] || "no reason given" } : block;
};

/** Every block of Markdown fenced by three backticks and `ts`; `ts no-run: reason` is only type-checked. */
export const markdownBlocks = (file: string, text: string): readonly Block[] => {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const fence = /^(\s*)```(?:ts|typescript)\b(.*)$/.exec(line);
    if (!fence) return [];
    const end = lines.findIndex((other, below) => below > at && other.trim() === "```");
    const code = lines.slice(at + 1, end < 0 ? undefined : end).join("\n");
    return [withReason({ file, line: at + 2, code }, fence[2]!)];
  });
};

const tag =
  /^@(example|since|param|returns?|throws|see|deprecated|remarks|template|typeParam|internal|defaultValue|default)\b/;

/** Every `@example` of the docstrings of a source file; `@example no-run: reason` is only type-checked. */
export const exampleBlocks = (file: string, text: string): readonly Block[] => {
  const blocks: Block[] = [];
  let inside = false;
  let open: { readonly line: number; readonly words: string; readonly code: string[] } | undefined;
  const close = () => {
    if (open) blocks.push(withReason({ file, line: open.line, code: open.code.join("\n") }, open.words));
    open = undefined;
  };
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim().startsWith("/**")) inside = true;
    if (!inside) continue;
    const content = line.replace(/^\s*(\/\*\*|\*(?!\/))? ?/, "").replace(/\s*\*\/\s*$/, "");
    const found = tag.exec(content.trim());
    if (found) close();
    if (found?.[1] === "example")
      open = {
        line: at + 2,
        words: content
          .trim()
          .slice("@example".length)
          .replace(/^\s*```ts/, ""),
        code: [],
      };
    else open?.code.push(content.trim().startsWith("```") ? "" : content);
    if (line.includes("*/")) {
      close();
      inside = false;
    }
  }
  return blocks;
};

/** The block as a module whose lines have the numbers they have in the documentation. */
export const moduleOf = ({ line, code }: Block): string => {
  const head = /from "node:assert/.test(code) ? "export {};" : 'import assert from "node:assert"; export {};';
  return `${head}${"\n".repeat(Math.max(1, line - 1))}${code}\n`;
};
