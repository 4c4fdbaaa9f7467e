import type { Score } from "@msrl/core";

/** Upper bounds of the histogram of seconds. */
export const secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

/** Names that a label may have at most; further ones are counted as `other`, so that no reward fills the memory. */
const mostNames = 1000;

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

const add = <Key>(counts: Map<Key, number>, key: Key, amount = 1): void => {
  counts.set(key, (counts.get(key) ?? 0) + amount);
};

const escaped = (value: string): string => value.replace(/[\\"\n]/g, (sign) => (sign === "\n" ? "\\n" : `\\${sign}`));
const labelled = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",")}}`;

/** What a server counts. */
export interface Metrics {
  answered(route: string, status: number, seconds: number): void;
  scored(scores: readonly Score[]): void;
  promptNotCut(): void;
  /** The text that Prometheus reads; `gauges` are what is so now. */
  text(gauges: Readonly<Record<string, number>>): string;
}

const histogramLines = (route: string, { counts, sum, count }: Histogram): readonly string[] => {
  let below = 0;
  const buckets = secondsBounds.map((bound, at) => {
    below += counts[at]!;
    return `msrl_request_seconds_bucket${labelled({ route, le: `${bound}` })} ${below}`;
  });
  const all = `msrl_request_seconds_bucket${labelled({ route, le: "+Inf" })} ${count}`;
  const whole = labelled({ route });
  return [...buckets, all, `msrl_request_seconds_sum${whole} ${sum}`, `msrl_request_seconds_count${whole} ${count}`];
};

const family = (name: string, type: string, help: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];

const byPart = (name: string, help: string, type: string, counts: ReadonlyMap<string, number>) =>
  family(
    name,
    type,
    help,
    [...counts].map(([part, count]) => `${name}${labelled({ part })} ${count}`),
  );

/** Counts from zero. */
export const metrics = (): Metrics => {
  const requests = new Map<string, Map<number, number>>();
  const seconds = new Map<string, Histogram>();
  const [failures, sums, counts] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  let completions = 0;
  let notCut = 0;
  const named = (part: string): string => (counts.size < mostNames || counts.has(part) ? part : "other");
  const histogramOf = (route: string): Histogram => {
    const found = seconds.get(route) ?? { counts: secondsBounds.map(() => 0), sum: 0, count: 0 };
    seconds.set(route, found);
    return found;
  };
  return {
    answered: (route, status, took) => {
      const statuses = requests.get(route) ?? new Map<number, number>();
      requests.set(route, statuses);
      add(statuses, status);
      const histogram = histogramOf(route);
      const bucket = secondsBounds.findIndex((bound) => took <= bound);
      if (bucket >= 0) histogram.counts[bucket]!++;
      histogram.sum += took;
      histogram.count++;
    },
    scored: (scores) => {
      completions += scores.length;
      for (const score of scores) {
        for (const part in score.parts) {
          const value = score.parts[part];
          if (value === null || value === undefined) continue;
          const name = named(part);
          add(counts, name);
          add(sums, name, value);
        }
        for (const part in score.failures) add(failures, named(part));
      }
    },
    promptNotCut: () => {
      notCut++;
    },
    text: (gauges) =>
      [
        ...family(
          "msrl_requests_total",
          "counter",
          "Requests answered, by route and status.",
          [...requests].flatMap(([route, statuses]) =>
            [...statuses].map(
              ([status, count]) => `msrl_requests_total${labelled({ route, status: `${status}` })} ${count}`,
            ),
          ),
        ),
        ...family(
          "msrl_request_seconds",
          "histogram",
          "Seconds from a request's head to the end of its answer.",
          [...seconds].flatMap(([route, histogram]) => histogramLines(route, histogram)),
        ),
        ...family("msrl_completions_total", "counter", "Completions scored.", [
          `msrl_completions_total ${completions}`,
        ]),
        ...byPart("msrl_reward_failures_total", "Completions that a part could not judge.", "counter", failures),
        ...byPart("msrl_part_value_sum", "Sum of a part's values.", "gauge", sums),
        ...byPart("msrl_part_value_count", "Values of a part.", "counter", counts),
        ...family("msrl_prompts_not_cut_total", "counter", "Queries whose prompt was not found at their start.", [
          `msrl_prompts_not_cut_total ${notCut}`,
        ]),
        ...Object.entries(gauges).flatMap(([name, value]) => family(name, "gauge", "Now.", [`${name} ${value}`])),
        "",
      ].join("\n"),
  };
};
