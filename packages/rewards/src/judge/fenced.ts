import { bits, fold, key } from "@msrl/core";

/**
 * Text of a model inside a prompt for a judge, between marks that the text cannot contain: it cannot close them and
 * speak as the prompt. The marks depend on the text alone.
 */
export const fenced = (name: string, text: string): string => {
  for (let attempt = 0; ; attempt++) {
    const mark = bits(fold(fold(key(attempt), name), text.length), 1)[0]!.toString(36);
    if (!text.includes(mark)) return `<${name} ${mark}>\n${text}\n</${name} ${mark}>`;
  }
};
