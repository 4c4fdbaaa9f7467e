export { comparisonTable, evaluationTable } from "./accuracy-table.js";
export { emptyReport } from "./empty-report.js";
export { encodeReport } from "./encode-report.js";
export { renderReport } from "./html.js";
export { defaultPanels } from "./panels.js";
export { type BadReport, readReport } from "./read-report.js";
export * from "./report.js";
export { markdownTable, type Table, textTable } from "./table.js";
export { type ReportFiles, type ReportNotWritten, writeReport, writeReportTask } from "./write-report.js";
