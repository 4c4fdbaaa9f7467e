import { type Pixels, type Tagged, tagged } from "@msrl/core";
import * as E from "fp-ts/Either";
import { complain, type Decoder, either, flag, list, number, object, record, text } from "./decode.js";
import { type Plain, type PlainRecord, type Report, reportFormat } from "./report.js";

/** Something that is not a report of this version: every problem, each with the path of its field. */
export type BadReport = Tagged<"BadReport", { readonly problems: readonly string[] }>;

const format: Decoder<typeof reportFormat> = (value, at, problems) => {
  if (value !== reportFormat) complain(value, at, `"${reportFormat}"`, problems);
  return reportFormat;
};

const plain: Decoder<Plain> = (value, at, problems) => {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  return Array.isArray(value) ? list(plain)(value, at, problems) : plainRecord(value, at, problems);
};

const plainRecord: Decoder<PlainRecord> = (value, at, problems) => record(plain)(value, at, problems);

const encodedPixels = object({ width: number, height: number, data: text });

const pixels: Decoder<Pixels> = (value, at, problems) => {
  const { width, height, data } = encodedPixels(value, at, problems);
  const bytes = Uint8Array.from(Buffer.from(data ?? "", "base64"));
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (data !== undefined && (!whole || bytes.length !== 3 * width * height))
    problems.push(
      `${at}: a picture of ${width} x ${height} has 3 bytes a pixel, all in base64; found ${bytes.length} bytes`,
    );
  return { width, height, data: bytes };
};

const accuracy = { accuracy: number, count: number };

const decodeReport = object(
  {
    format,
    name: text,
    configuration: plainRecord,
    versions: object({ node: text, packages: record(text) }),
    machine: record(either(text, number)),
    stages: list(
      object({
        name: text,
        title: text,
        kind: text,
        steps: list(object({ step: number, metrics: record(number) })),
        seconds: number,
        summary: record(number),
      }),
    ),
    evaluations: list(
      object({ after: text, name: text, ...accuracy, byTask: record(object(accuracy)), extra: record(number) }),
    ),
    comparisons: list(object({ label: text, accuracy: number }, { standardError: number, note: text })),
    samples: list(
      object(
        {
          id: text,
          task: text,
          promptText: text,
          completion: text,
          images: list(object({ pixels: list(pixels) }, { caption: text })),
        },
        { label: text, verdict: text },
      ),
    ),
    yields: list(object({ title: text, rows: list(object({ label: text, values: record(number) })) }, { note: text })),
    notes: list(text),
  },
  {
    description: text,
    created: text,
    panels: list(object({ title: text, metrics: list(text) }, { percent: flag, shared: flag, smooth: flag })),
  },
);

const parse = (json: string): E.Either<string, unknown> =>
  E.tryCatch(
    () => JSON.parse(json) as unknown,
    (reason) => `not JSON: ${(reason as Error).message}`,
  );

/**
 * Reads and checks the JSON text of a report; fields of no meaning here are left out.
 *
 * Law: `readReport(encodeReport(report))` is `E.right(report)`.
 *
 * @returns Left {@link BadReport} with every problem: which field, what was wanted, what was found.
 * @example
 * import { emptyReport, encodeReport, readReport } from "@msrl/stages/report";
 * const report = emptyReport("first run");
 * assert.deepStrictEqual(readReport(encodeReport(report)), { _tag: "Right", right: report });
 * @since 0.1.0
 */
export const readReport = (json: string): E.Either<BadReport, Report> => {
  const problems: string[] = [];
  const parsed = parse(json);
  if (E.isLeft(parsed)) problems.push(parsed.left);
  const report: Report | undefined = E.isRight(parsed) ? decodeReport(parsed.right, "", problems) : undefined;
  if (report !== undefined && problems.length === 0) return E.right(report);
  const shown = problems.length > 20 ? [...problems.slice(0, 20), `and ${problems.length - 20} more`] : problems;
  return E.left(tagged("BadReport", `this is not a report that can be read:\n${shown.join("\n")}`, { problems }));
};
