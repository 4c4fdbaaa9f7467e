import { type ConfigurationProblem, configurationError, shown } from "../configuration.js";

/** The values of some names only, in the record's order. */
export const pick = <A>(record: Readonly<Record<string, A>>, names: readonly string[]): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));

/** @throws ConfigurationError if a list of parameter groups has none, or one twice. */
export const checkGroups = (where: string, groups: readonly string[]): void => {
  const twice = groups.find((group, at) => groups.indexOf(group) !== at);
  const problems: readonly ConfigurationProblem[] = [
    ...(groups.length === 0 ? [{ field: "groups", given: "empty", wanted: "the name of a parameter group" }] : []),
    ...(twice === undefined ? [] : [{ field: "groups", given: `${shown(twice)} twice`, wanted: "every group once" }]),
  ];
  if (problems.length > 0) throw configurationError(where, problems);
};
