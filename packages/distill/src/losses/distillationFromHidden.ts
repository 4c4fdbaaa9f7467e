import { checkOptions, oneOf, optional, type Rules, wholeFrom } from "@msrl/core/configuration";
import {
  add,
  concat,
  customGradient,
  type Expr,
  expandLike,
  grad,
  greater,
  matmul,
  mul,
  reduceSum,
  reshape,
  reshapeLike,
  scalar,
  slice,
  stopGradient,
  where,
} from "@msrl/core/graph";
import { type HiddenStates, inRowChunks, type RowChunk, rowsFor } from "@msrl/core/losses";
import type { TokenInputs } from "./distillationInputs.js";
import type { DistillationLoss, Distilled, PerToken } from "./distillationLoss.js";

/** Settings of {@link distillationFromHidden}. */
export interface FromHiddenOptions {
  /** Tokens whose logits exist at a time; default: as many as make about 8 million logits. */
  readonly rowsPerChunk?: number;
  /** Whether the student's head gets a gradient, which takes as much memory as the head itself. */
  readonly head: "trained" | "frozen";
}

/** Defaults of {@link distillationFromHidden}. */
export const fromHiddenDefaults: FromHiddenOptions = { head: "trained" };

const rules: Rules<FromHiddenOptions> = {
  rowsPerChunk: optional(wholeFrom(1)),
  head: oneOf(["trained", "frozen"]),
};

/** What the loss is computed from; student and teacher have one vocabulary, and states of their own widths. */
export interface HiddenDistillationInputs extends TokenInputs {
  /** States [B, T, H] that predict token t, and the head [V, H]. */
  readonly student: HiddenStates;
  /** The same of the teacher, or what is known of few tokens; no gradient. */
  readonly teacher: HiddenStates | KnownTokens;
}

/** A teacher's log-probs of a few tokens, as a loss over teacher tokens reads them. */
export interface KnownTokens {
  /** [B, T, K] int32 or int64. */
  readonly tokens: Expr;
  /** [B, T, K] in nats. */
  readonly logProbs: Expr;
}

/** Everything a row a token. */
interface Rows {
  readonly student: HiddenStates;
  readonly teacher: HiddenStates | KnownTokens;
  /** [N, 1] */
  readonly mask: Expr;
  /** [N, 1] d loss / d divergence of each token. */
  readonly slopes: Expr;
}

const column = (x: Expr): Expr => reshape(x, [-1, 1]);

/** [B, T, ..] as [N, ..]. */
const flat = (x: Expr): Expr => reshape(x, [-1, x.shape.at(-1) as number]);

const rowsOf = ({ student, teacher, mask }: HiddenDistillationInputs, slopes: Expr): Rows => {
  const counts = reshape(greater(mask, 0), [0, 0, 1]);
  const kept = (x: Expr): Expr => flat(where(counts, x, 0));
  const known = (): KnownTokens => {
    const { tokens, logProbs } = teacher as KnownTokens;
    return { tokens: kept(tokens), logProbs: kept(stopGradient(logProbs)) };
  };
  return {
    student: { states: kept(student.states), head: student.head },
    teacher:
      "states" in teacher ? { states: kept(stopGradient(teacher.states)), head: stopGradient(teacher.head) } : known(),
    mask: column(mask),
    slopes: column(slopes),
  };
};

const logitsOf = ({ states, head }: HiddenStates): Expr => matmul(states, head, { transB: true });

/** What a loss reads of the teacher, of some rows or of all. */
const taught = (teacher: HiddenStates | KnownTokens, of: (x: Expr) => Expr) =>
  "states" in teacher
    ? { teacherLogits: logitsOf({ states: of(teacher.states), head: teacher.head }) }
    : { teacherTokens: of(teacher.tokens), teacherLogProbs: of(teacher.logProbs) };

/** A chunk's divergences and entropies, and what its logits send to states and head. */
const chunkOf = (loss: DistillationLoss, rows: Rows, chunk: RowChunk, sums: readonly Expr[]) => {
  const own = (x: Expr): Expr => reshape(chunk.counts ? where(chunk.counts, chunk.of(x), 0) : chunk.of(x), [-1]);
  const { head } = rows.student;
  const states = chunk.of(rows.student.states);
  const studentLogits = logitsOf({ states, head });
  const tokens = loss.perToken({ studentLogits, ...taught(rows.teacher, chunk.of), mask: own(rows.mask) });
  const [slope] = grad(reduceSum(mul(tokens.values, own(rows.slopes))), [studentLogits]); // [C, V]
  return {
    rows: [
      column(tokens.values),
      matmul(slope!, head), // [C, H]
      ...(tokens.entropy ? [column(tokens.entropy)] : []),
    ],
    sums: sums.map((sum) => add(sum, matmul(slope!, states, { transA: true }))), // [V, H]
  };
};

/** d loss / d divergence of each token: every reduction is a weighted sum of the tokens' divergences. */
const slopesOf = (loss: DistillationLoss, inputs: TokenInputs, choices: number): Expr => {
  const values = mul(inputs.mask, 0);
  return stopGradient(grad(loss.reduce({ values, choices }, inputs).loss, [values])[0]!);
};

/** How many choices the loss has at each token: known only where it is built. */
const choicesOf = (loss: DistillationLoss, { student, teacher, mask }: HiddenDistillationInputs): number => {
  const { choices } = loss.perToken({ studentLogits: logitsOf(student), ...taught(teacher, (x) => x), mask });
  if (typeof choices !== "number") throw new TypeError("the head of a chunked loss needs a vocabulary of known size");
  return choices;
};

/**
 * A distillation loss from hidden states and heads, in chunks of tokens: logits of all tokens never exist.
 *
 *     z = h head^T,  y = h' head'^T        states [B, T, H], head [V, H] of the student; the teacher's of its own width
 *     loss = loss(z, y)                    as `build` of the loss, to the last digits
 *
 * Each chunk's logits give its divergences and, at once, their gradient by states and head, so that no product with a head
 * is computed twice; memory is a few times `rowsPerChunk` x V, and the head's gradient where it is trained. Masks, counts,
 * weights and metrics as with `distillationLoss`; of the teacher's states nothing is asked but the same vocabulary. A loss
 * with `teacher: "tokens"` takes `{ tokens, logProbs }` in the place of the teacher's states and head.
 *
 * Liger Kernel (2024), https://arxiv.org/abs/2410.10989 (gradients computed with the values); the same loss is TRL's
 * chunked divergence of its `DistillationTrainer`.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { input } from "@msrl/core/graph";
 * import { distillationFromHidden, generalisedJsd } from "@msrl/distill";
 * const states = (name: string, width: number) => input(name, "float32", ["batch", "time", width]);
 * const head = (name: string, width: number) => input(name, "float32", [32_000, width]);
 * const { loss } = distillationFromHidden(generalisedJsd(), { head: "frozen" })({
 *   student: { states: states("student", 576), head: head("student_head", 576) },
 *   teacher: { states: states("teacher", 960), head: head("teacher_head", 960) },
 *   mask: input("mask", "float32", ["batch", "time"]),
 * });
 * assert.deepStrictEqual(loss.shape, []);
 * @since 0.1.0
 */
export const distillationFromHidden = (
  loss: DistillationLoss,
  options: Partial<FromHiddenOptions> = {},
): ((inputs: HiddenDistillationInputs) => Distilled) => {
  const { head, rowsPerChunk } = checkOptions("distillationFromHidden", rules, fromHiddenDefaults, options);
  return (inputs) => {
    const { student } = inputs;
    const choices = choicesOf(loss, inputs);
    const rows = rowsOf(inputs, slopesOf(loss, inputs, choices));
    const zeros = head === "trained" ? [expandLike(scalar(0, student.head.dtype), student.head)] : [];
    const size = rowsPerChunk ?? rowsFor(student.head.shape[0]!);
    const result = inRowChunks(rows.mask, size, (chunk, sums) => chunkOf(loss, rows, chunk, sums), zeros);
    const [values, byStates, entropy] = result.rows;
    const perToken: PerToken = {
      values: reshapeLike(values!, inputs.mask),
      choices,
      ...(entropy && { entropy: reshapeLike(entropy, inputs.mask) }),
    };
    const reduced = loss.reduce(perToken, inputs);
    const gradients = [byStates!, ...result.sums];
    const reads = [student.states, ...(head === "trained" ? [student.head] : [])];
    const metrics = Object.entries(reduced.metrics);
    // One value, so that the chunks are made once wherever it is computed again.
    const all = customGradient(
      concat(
        [reduced.loss, ...metrics.map(([, metric]) => metric)].map((x) => reshape(x, [1])),
        0,
      ),
      reads,
      (slopes, given, _, saved) => given.map((x, at) => mul(reshapeLike(saved[at]!, x), slice(slopes, 0, 0, 1))),
      `${loss.name} from hidden states`,
      gradients,
    );
    const part = (at: number): Expr => reshape(slice(all, 0, at, at + 1), []);
    return { loss: part(0), metrics: Object.fromEntries(metrics.map(([name], at) => [name, part(at + 1)])) };
  };
};
