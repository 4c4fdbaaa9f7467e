/** A part of something composed: its name there, and what it contributes, by names of its own. */
export interface NamedPart<Value> {
  readonly name: string;
  readonly values: Readonly<Record<string, Value>>;
}

/** The contributions of all parts: a name that only one part has stays, one that several have gets its part's in front. */
export const mergeNamed = <Value>(parts: readonly NamedPart<Value>[]): Readonly<Record<string, Value>> => {
  const uses = new Map<string, number>();
  for (const key of parts.flatMap(({ values }) => Object.keys(values))) uses.set(key, (uses.get(key) ?? 0) + 1);
  return Object.fromEntries(
    parts.flatMap(({ name, values }) =>
      Object.entries(values).map(([key, value]) => [uses.get(key) === 1 ? key : `${name}.${key}`, value]),
    ),
  );
};

/** The contributions of all parts, each under the name of its part. */
export const prefixNamed = <Value>(parts: readonly NamedPart<Value>[]): Readonly<Record<string, Value>> =>
  Object.fromEntries(
    parts.flatMap(({ name, values }) => Object.entries(values).map(([key, value]) => [`${name}.${key}`, value])),
  );

/** Names made distinct: the second `a` becomes `a_2`. */
export const distinctNames = (names: readonly string[]): readonly string[] => {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name}_${number}`;
    taken.add(free);
    return free;
  });
};
