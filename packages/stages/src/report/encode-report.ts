import type { Pixels } from "@msrl/core";
import type { Report } from "./report.js";

const isPixels = (value: unknown): value is Pixels =>
  typeof value === "object" && value !== null && (value as Partial<Pixels>).data instanceof Uint8Array;

/**
 * A report as JSON text: what `report.json` holds.
 *
 * JSON knows neither bytes nor numbers that are not finite: pictures become base64, NaN and the infinities become the
 * strings `"NaN"`, `"Infinity"` and `"-Infinity"` (as in the JSON mapping of protocol buffers). `readReport` reads them back.
 *
 * @example
 * import { emptyReport, encodeReport } from "@msrl/stages/report";
 * assert.strictEqual(JSON.parse(encodeReport(emptyReport("first run"))).format, "msrl-report/1");
 * @since 0.1.0
 */
export const encodeReport = (report: Report): string =>
  `${JSON.stringify(report, (_, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) return String(value);
    if (isPixels(value)) return { ...value, data: Buffer.from(value.data).toString("base64") };
    return value;
  })}\n`;
