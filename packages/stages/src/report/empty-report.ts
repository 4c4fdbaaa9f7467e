import { type Report, reportFormat } from "./report.js";

/**
 * A report that holds nothing yet: to be spread and filled.
 *
 * @example
 * import { emptyReport } from "@msrl/stages/report";
 * const report = { ...emptyReport("first run"), notes: ["one seed"] };
 * assert.deepStrictEqual(report.stages, []);
 * @since 0.1.0
 */
export const emptyReport = (name: string): Report => ({
  format: reportFormat,
  name,
  configuration: {},
  versions: { node: "", packages: {} },
  machine: {},
  stages: [],
  evaluations: [],
  comparisons: [],
  samples: [],
  yields: [],
  notes: [],
});
