import { markdownTable, type Table } from "@msrl/stages/report";
import { type CmkdComparison, distributionWords, onPolicyPart, type StudentName, students } from "./compareCmkd.js";
import type { ConfidenceRow } from "./compareConfidences.js";

/** The title that the section begins with. */
const title = "## CMKD: confidences and students";

const titles: Readonly<Record<StudentName, string>> = {
  plain: "plain CMKD",
  weighted: "confidence weights",
  crossModalKl: "cross-modal KL",
  onPolicy: "on-policy",
  distribution: "top-k",
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const standardError = (values: readonly number[]): number => {
  const center = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / Math.max(1, values.length - 1);
  return Math.sqrt(variance / values.length);
};

const percent = (value: number): string => (100 * value).toFixed(1);

const share = (part: number, whole: number): string => (whole === 0 ? "" : ((100 * part) / whole).toFixed(2));

const rightAligned = (columns: readonly string[], rows: readonly (readonly string[])[]): Table => ({
  columns,
  align: columns.map((_, at) => (at === 0 ? "left" : "right")),
  rows,
});

/** Counts of one confidence, over all runs. */
const pooled = (rows: readonly ConfidenceRow[]): readonly string[] => {
  const total = (field: "samples" | "surest" | "kept" | "right" | "half" | "halfRight"): number =>
    rows.reduce((sum, row) => sum + row[field], 0);
  const separations = rows.flatMap(({ separation }) => (separation === null ? [] : [separation]));
  const wrong = total("kept") - total("right");
  return [
    rows[0]!.name,
    total("surest") === 0 ? "" : share(total("surest"), total("samples")),
    total("kept") === 0 ? "" : share(total("kept"), total("samples")),
    share(total("right"), total("kept")),
    total("kept") === 0 ? "" : String(wrong),
    share(total("halfRight"), total("half")),
    separations.length === 0 ? "" : mean(separations).toFixed(3),
  ];
};

const confidenceTable = (results: readonly CmkdComparison[]): Table =>
  rightAligned(
    ["confidence", "surest alone", "kept", "right of kept", "wrong", "right of surer half", "separation"],
    results[0]!.confidences.map((_, at) => pooled(results.map(({ confidences }) => confidences[at]!))),
  );

const accuracies = (results: readonly CmkdComparison[], name: StudentName): readonly number[] =>
  results.map((result) => result.students[name].accuracy);

const gapsOf = (results: readonly CmkdComparison[], name: StudentName): readonly number[] =>
  results.map((result) => result.students[name].accuracy - result.students.plain.accuracy);

const studentTable = (results: readonly CmkdComparison[]): Table =>
  rightAligned(
    ["student", ...results.map(({ backbone, seed }) => `base ${backbone}, seed ${seed}`), "mean", "minus plain"],
    students.map((name) => {
      const gaps = gapsOf(results, name);
      return [
        titles[name],
        ...accuracies(results, name).map(percent),
        percent(mean(accuracies(results, name))),
        name === "plain" ? "" : `${percent(mean(gaps))} ± ${percent(standardError(gaps))}`,
      ];
    }),
  );

/** Two-sided 95 % quantiles of Student's t for 1, 2, .. degrees of freedom; the normal one beyond. */
const quantiles = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];

/** What a student shows, in words: clear only if a t test at 95 % says so. */
const finding = (results: readonly CmkdComparison[], name: StudentName): string => {
  const gaps = gapsOf(results, name);
  const better = gaps.filter((gap) => gap > 0).length;
  const [gap, error] = [mean(gaps), standardError(gaps)];
  const clear = gaps.length > 1 && Math.abs(gap) > (quantiles[gaps.length - 2] ?? 2) * error;
  const verdict = clear ? (gap > 0 ? "better than plain CMKD" : "worse than plain CMKD") : "no clear difference";
  return `- **${titles[name]}**: ${verdict}; better in ${better} of ${gaps.length} runs, by ${percent(gap)} ± ${percent(error)} points.`;
};

/** The section of `docs/reproduction.md` from the results of every base model and seed. */
export const compareCmkdSection = (results: readonly CmkdComparison[]): string => {
  const { samples } = results[0]!.confidences[0]!;
  const items = results[0]!.students.plain.count.toLocaleString("en");
  return `${title}

\`npm run compare:cmkd\` wrote this section: ${results.length} runs (base models and stage seeds as above) of the
stages up to the caption-trained teacher, then CMKD in several ways, all from the same traces with the same steps, batches and
optimizer.

**Confidences**, over ${samples.toLocaleString("en")} samples a run and 4 candidates a sample, counts of all runs together, in per cent. *Surest alone*:
how often the surest of the candidates is right, without any vote (first row: one drawn at random). *Kept*: samples that give a trace when ties go by this
confidence; *right of kept*: of those, pseudo-labels that are right (*wrong*: how many are not); *right of surer half*: the same in
the half of which the chosen trace is surest; *separation*: the probability that a right one is surer than a wrong one (0.5:
chance).

${markdownTable(confidenceTable(results))}

*Both orders*: two of the four candidates saw A and B exchanged. The vote share breaks no tie: its row is what is left when ties are
dropped. Traces of this world name the verdict at the end of their reasoning (\`fox B fits\`), so what is measured at the answer
is next to certain whatever the trace is worth; elsewhere it may tell more.

**Students**, accuracy in per cent on ${items} held-out multimodal samples right after CMKD (before stage 3), paired by run:

${markdownTable(studentTable(results))}

${students
  .filter((name) => name !== "plain")
  .map((name) => finding(results, name))
  .join("\n")}

Clear is what a paired t test at 95 % finds, each by itself. *Confidence weights*: \`confidenceWeights()\`, the mean token
probability scaled to mean 1. *Cross-modal KL*: \`crossModalKl()\` on the given traces, captions by cross-entropy. *On-policy*: as
that, but ${percent(onPolicyPart)} % of the examples get a trace that the student writes itself, graded token by token; as many updates, of fewer
caption tokens. *Top-k*: as *cross-modal KL*, but the forward KL over the teacher's ${distributionWords} likeliest words at each token and all others
as one (\`crossModalKl({ divergence: forwardKl({ teacher: "tokens" }) })\`), where that compares the token alone.
`;
};

/** The page with this section at its end, in the place of the one it had. */
export const withSection = (page: string, section: string): string => {
  const at = page.indexOf(`\n${title}`);
  return `${(at < 0 ? page : page.slice(0, at)).trimEnd()}\n\n${section}`;
};

/** That section of a page, empty if it has none. */
export const sectionOf = (page: string): string => {
  const at = page.indexOf(`\n${title}`);
  return at < 0 ? "" : page.slice(at + 1);
};
