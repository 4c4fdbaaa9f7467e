import { type Tensor, type Tensors, tensor } from "@msrl/core";
import { checkOptions, oneOf, type Rules } from "@msrl/core/configuration";
import type { TokenGroup } from "./alignTokens.js";

/** Settings of {@link groupTensors}. */
export interface GroupTensorsOptions {
  /**
   * Whose distribution stands for a group: that of its `first` token (TRL's `observed`), or of its `last`, given those before
   * it (TRL's `bayesian`). It is multiplied with the probabilities of the group's other tokens.
   */
  readonly base: "first" | "last";
  readonly dtype: "float32" | "float64";
}

/** Defaults of {@link groupTensors}. */
export const groupTensorsDefaults: GroupTensorsOptions = { base: "last", dtype: "float32" };

const rules: Rules<GroupTensorsOptions> = {
  base: oneOf(["first", "last"]),
  dtype: oneOf(["float32", "float64"]),
};

/** Tokens a row of either model, padding included. */
export interface Lengths {
  readonly student: number;
  readonly teacher: number;
}

/** What {@link groupTensors} makes, by the names of what `universalLogit` reads. */
export type GroupTensors = Tensors &
  Readonly<Record<"studentBase" | "studentOthers" | "teacherBase" | "teacherOthers" | "groups", Tensor>>;

/** 1 at the places given, [B, G, T]. */
const marks = (
  rows: readonly (readonly (readonly number[])[])[],
  [groups, time]: readonly [number, number],
  dtype: "float32" | "float64",
): Tensor => {
  const shape = [rows.length, groups, time];
  const data = new (dtype === "float32" ? Float32Array : Float64Array)(rows.length * groups * time);
  for (const [row, ofRow] of rows.entries())
    for (const [group, places] of ofRow.entries()) for (const t of places) data[(row * groups + group) * time + t] = 1;
  return dtype === "float32"
    ? tensor("float32", shape, data as Float32Array)
    : tensor("float64", shape, data as Float64Array);
};

/**
 * Groups of tokens as the tensors that `universalLogit` reads, by the names of its inputs.
 *
 * Groups with a side that has no token are left out. For B rows, G the most groups of a row, T and U the tokens of either
 * model: `studentBase`, `studentOthers` [B, G, T], `teacherBase`, `teacherOthers` [B, G, U], each 1 where a token is a
 * group's base or one of its others, and `groups` [B, G], 1 where there is one. Places count from the row's start.
 *
 * @throws ConfigurationError with every option that cannot be.
 * @example
 * import { groupTensors } from "@msrl/distill";
 * const rows = [[{ student: [0, 1], teacher: [2] }]];
 * const { studentBase, studentOthers } = groupTensors({ base: "last" })(rows, { student: 2, teacher: 3 });
 * assert.deepStrictEqual([[...studentBase.data], [...studentOthers.data]], [[0, 1], [1, 0]]);
 * @since 0.1.0
 */
export const groupTensors = (
  options: Partial<GroupTensorsOptions> = {},
): ((rows: readonly (readonly TokenGroup[])[], lengths: Lengths) => GroupTensors) => {
  const { base, dtype } = checkOptions("groupTensors", rules, groupTensorsDefaults, options);
  const baseOf = (places: readonly number[]) => (base === "first" ? places.slice(0, 1) : places.slice(-1));
  const othersOf = (places: readonly number[]) => (base === "first" ? places.slice(1) : places.slice(0, -1));
  return (rows, lengths) => {
    const kept = rows.map((row) => row.filter(({ student, teacher }) => student.length > 0 && teacher.length > 0));
    const most = Math.max(0, ...kept.map((row) => row.length));
    const of = (side: keyof Lengths, pick: (places: readonly number[]) => readonly number[]): Tensor =>
      marks(
        kept.map((row) => row.map((group) => pick(group[side]))),
        [most, lengths[side]],
        dtype,
      );
    const present = kept.map((row) => [row.map((_, at) => at)]);
    const { data } = marks(present, [1, most], dtype);
    return {
      studentBase: of("student", baseOf),
      studentOthers: of("student", othersOf),
      teacherBase: of("teacher", baseOf),
      teacherOthers: of("teacher", othersOf),
      groups: { dtype, shape: [rows.length, most], data },
    };
  };
};
