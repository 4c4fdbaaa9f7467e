import { checkOptions, type Rule } from "@msrl/core/configuration";
import { inTag, listed, region, regionRules, verdictsOf } from "./region.js";
import { type RegionOptions, regionDefaults, type Verdict, type VerdictFormat } from "./verdictFormat.js";

/** Settings of {@link jsonVerdict}. */
export interface JsonVerdictOptions extends RegionOptions {
  /** The field that names the better answer. */
  readonly field: string;
}

/** Defaults of {@link jsonVerdict}: `{"winner": "A"}` inside `<answer>`, no ties. */
export const jsonVerdictDefaults: JsonVerdictOptions = { ...regionDefaults, field: "winner" };

const fieldRule: Rule = { wanted: "a name", fits: (value) => typeof value === "string" && value !== "" };

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** An own field of a JSON object; a list, a number or null has none. */
const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, field)
    ? (value as Readonly<Record<string, unknown>>)[field]
    : undefined;

/**
 * The verdict as a field of a JSON object, which may have other fields: `{"reason": "..", "winner": "B"}`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { jsonVerdict } from "@msrl/rewards";
 * const { read } = jsonVerdict({ tag: null });
 * assert.deepStrictEqual(['{"winner": "b", "why": "shorter"}', '{"winner": 1}', "B"].map(read), ["B", null, null]);
 * @since 0.1.0
 */
export const jsonVerdict = (options: Partial<JsonVerdictOptions> = {}): VerdictFormat => {
  const rules = { ...regionRules, field: fieldRule };
  const { tag, ties, field } = checkOptions("jsonVerdict", rules, jsonVerdictDefaults, options);
  const place = region(tag);
  const write = (verdict: Verdict): string => inTag(tag, JSON.stringify({ [field]: verdict }));
  return {
    name: "json",
    instruction: `Give your verdict as JSON: ${listed(verdictsOf(ties).map(write))}; other fields are allowed.`,
    write,
    read: (completion) => {
      const said = fieldOf(parsed(place(completion) ?? ""), field);
      if (typeof said !== "string") return null;
      return verdictsOf(ties).find((verdict) => verdict.toLowerCase() === said.trim().toLowerCase()) ?? null;
    },
  };
};
