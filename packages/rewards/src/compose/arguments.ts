import { configurationError } from "@msrl/core";
import { callable, type Rule, shown } from "@msrl/core/configuration";

/** A rule for an argument that is a function. */
export { callable };

/** A rule for an argument that is a reward. */
export const rewardRule: Rule = { ...callable, wanted: "a reward" };

/** A rule for a name; the empty one is a name. */
export const nameRule: Rule = { wanted: "a text", fits: (value) => typeof value === "string" };

/** A rule for things by name: no list. */
export const record: Rule = {
  wanted: "an object",
  fits: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** A value as a message shows it; of lists and objects only what they are. */
export const given = (value: unknown): string => {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : shown(value);
};

/**
 * Arguments that come by place: each with its name in messages, what it has to be, and what it is.
 *
 * @throws ConfigurationError with every argument that cannot be.
 */
export const checkArguments = (
  where: string,
  ...all: readonly (readonly [field: string, rule: Rule, value: unknown])[]
): void => {
  const problems = all.flatMap(([field, { wanted, fits }, value]) =>
    fits(value) ? [] : [{ field, given: given(value), wanted }],
  );
  if (problems.length > 0) throw configurationError(where, problems);
};
