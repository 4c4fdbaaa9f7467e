import { flag, type Rule, type Rules } from "@msrl/core/configuration";
import { onlyBlock } from "../onlyBlock.js";
import { type RegionOptions, type Verdict, verdictNames } from "./verdictFormat.js";

const tagRule: Rule = {
  wanted: "the name of a tag, or null",
  fits: (value) => value === null || typeof value === "string",
};

/** Rules of {@link RegionOptions}; a name that cannot be one is refused by `onlyBlock`. */
export const regionRules: Rules<RegionOptions> = { tag: tagRule, ties: flag };

/** Reads the text in which a verdict has to stand; `null` where there is not exactly one such place. */
export const region = (tag: string | null): ((text: string) => string | null) =>
  tag === null ? (text) => text : onlyBlock({ tag });

/** Text inside the tag, or as it is. */
export const inTag = (tag: string | null, text: string): string => (tag === null ? text : `<${tag}>${text}</${tag}>`);

/** The verdicts that a format knows, in order. */
export const verdictsOf = (ties: boolean): readonly Verdict[] => (ties ? verdictNames : ["A", "B"]);

/** Ways to write something, in words: `x or y`, `x, y or z`. */
export const listed = (ways: readonly string[]): string => `${ways.slice(0, -1).join(", ")} or ${ways.at(-1)}`;
