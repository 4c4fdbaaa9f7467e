/** Reads one value: gives it back typed, or puts what is wrong, and where, into `problems` and gives a stand-in. */
export type Decoder<T> = (value: unknown, at: string, problems: string[]) => T;

const shown = (value: unknown): string => {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
};

/** Notes that `at` holds something else than what was wanted. */
export const complain = (value: unknown, at: string, wanted: string, problems: string[]): void => {
  problems.push(`${at || "the report"}: ${wanted} was wanted, found ${shown(value)}`);
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const below = (at: string, name: string): string => (at === "" ? name : `${at}.${name}`);

/** A text. */
export const text: Decoder<string> = (value, at, problems) => {
  if (typeof value === "string") return value;
  complain(value, at, "a text", problems);
  return "";
};

/** A number, also one of the strings that stand for numbers JSON does not know. */
export const number: Decoder<number> = (value, at, problems) => {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  complain(value, at, "a number", problems);
  return 0;
};

/** True or false. */
export const flag: Decoder<boolean> = (value, at, problems) => {
  if (typeof value === "boolean") return value;
  complain(value, at, "true or false", problems);
  return false;
};

/** A list of one kind of thing. */
export const list =
  <T>(item: Decoder<T>): Decoder<readonly T[]> =>
  (value, at, problems) => {
    if (Array.isArray(value)) return value.map((each: unknown, index) => item(each, `${at}[${index}]`, problems));
    complain(value, at, "a list", problems);
    return [];
  };

/** One kind of thing by name. */
export const record =
  <T>(item: Decoder<T>): Decoder<Readonly<Record<string, T>>> =>
  (value, at, problems) => {
    if (isRecord(value))
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, item(each, below(at, name), problems)]),
      );
    complain(value, at, "an object", problems);
    return {};
  };

/** The first decoder that has no complaint, else the complaint of the last. */
export const either =
  <A, B>(first: Decoder<A>, last: Decoder<B>): Decoder<A | B> =>
  (value, at, problems) => {
    const complaints: string[] = [];
    const result = first(value, at, complaints);
    return complaints.length === 0 ? result : last(value, at, problems);
  };

type Decoded<D> = { readonly [K in keyof D]: D[K] extends Decoder<infer T> ? T : never };
type Decoders = Readonly<Record<string, Decoder<unknown>>>;

/** An object with the fields of `required`, and those of `optional` where they are there; others are left out. */
export const object =
  <R extends Decoders, O extends Decoders = Record<never, never>>(
    required: R,
    optional?: O,
  ): Decoder<Decoded<R> & Partial<Decoded<O>>> =>
  (value, at, problems) => {
    const given = isRecord(value) ? value : {};
    if (!isRecord(value)) complain(value, at, "an object", problems);
    const read = ([name, decoder]: readonly [string, Decoder<unknown>]) =>
      [name, decoder(given[name], below(at, name), problems)] as const;
    const fields = isRecord(value) ? Object.entries(required) : [];
    const extras = Object.entries(optional ?? {}).filter(([name]) => given[name] !== undefined);
    return Object.fromEntries([...fields, ...extras].map(read)) as Decoded<R> & Partial<Decoded<O>>;
  };
