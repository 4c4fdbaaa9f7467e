import { type Label, type TaskType, taskTypes } from "@msrl/core";

/** Media as a row names them: paths of an image (one), or of a video's frames or animation; none if only a caption is known. */
export interface MediaRow {
  readonly kind: "image" | "video";
  readonly paths: readonly string[];
  readonly caption?: string;
  /** Where it stands in the row, for messages. */
  readonly field: string;
}

/** A sample as its row says it, pictures still by their path. */
export interface SampleRow {
  readonly id?: string;
  readonly task: TaskType;
  readonly query: string;
  readonly context: readonly MediaRow[];
  readonly responses: readonly [string | MediaRow, string | MediaRow];
  readonly label?: Label;
}

/** What is wrong with which field of a row. */
export interface FieldProblem {
  readonly field?: string;
  readonly problem: string;
}

/** Notes what is wrong with a field; what it returns stands for a value that cannot be had. */
type Note = (field: string, problem: string) => undefined;

type Row = Readonly<Record<string, unknown>>;

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

const listOf = (row: Row, field: string, note: Note): readonly unknown[] => {
  const value = row[field];
  if (Array.isArray(value)) return value;
  if (isPresent(value)) note(field, `is ${shown(value)}, wanted a list`);
  return [];
};

/** The value that stands under one or more of several names. */
const oneOf = <Value extends string>(row: Row, names: readonly string[], values: readonly Value[], note: Note) => {
  const given = names.filter((name) => isPresent(row[name]));
  const bad = given.filter((name) => !values.includes(row[name] as Value));
  for (const name of bad) note(name, `is ${shown(row[name])}, wanted ${values.map(shown).join(" or ")}`);
  if (bad.length > 0 || given.length === 0) return undefined;
  const other = given.find((name) => row[name] !== row[given[0]!]);
  if (other !== undefined) return note(other, `is ${shown(row[other])}, but ${given[0]} is ${shown(row[given[0]!])}`);
  return row[given[0]!] as Value;
};

const isPath = (value: unknown): value is string => typeof value === "string" && value !== "";

const imageOf = (value: unknown, field: string, note: Note): MediaRow | undefined => {
  if (value === null) return { kind: "image", paths: [], field };
  return isPath(value) ? { kind: "image", paths: [value], field } : note(field, `is ${shown(value)}, wanted a path`);
};

const videoOf = (value: unknown, field: string, note: Note): MediaRow | undefined => {
  if (value === null) return { kind: "video", paths: [], field };
  if (isPath(value)) return { kind: "video", paths: [value], field };
  if (Array.isArray(value) && value.every(isPath)) return { kind: "video", paths: value, field };
  return note(field, `is ${shown(value)}, wanted the paths of its frames or the path of an animation`);
};

const mediaOf = (value: unknown, field: string, note: Note): MediaRow | undefined => {
  if (typeof value === "object" && value !== null) {
    if ("image" in value) return imageOf(value.image, `${field}.image`, note);
    if ("video" in value) return videoOf(value.video, `${field}.video`, note);
  }
  return note(field, `is ${shown(value)}, wanted {"image": path} or {"video": [paths]}`);
};

const contextOf = (row: Row, note: Note): readonly (MediaRow | undefined)[] => [
  ...listOf(row, "images", note).map((value, at) => imageOf(value, `images[${at}]`, note)),
  ...listOf(row, "videos", note).map((value, at) => videoOf(value, `videos[${at}]`, note)),
  ...listOf(row, "context", note).map((value, at) => mediaOf(value, `context[${at}]`, note)),
];

const responsesOf = (row: Row, note: Note): readonly (string | MediaRow | undefined)[] => {
  const { responses } = row;
  if (!isPresent(responses)) return [note("responses", "is missing, wanted the two answers [A, B]")];
  if (!Array.isArray(responses) || responses.length !== 2)
    return [note("responses", `is ${shown(responses)}, wanted two answers [A, B]`)];
  return responses.map((value, at) => (typeof value === "string" ? value : mediaOf(value, `responses[${at}]`, note)));
};

/** Gives the captions to the media, in the order of the row; media without frames must have one. */
const withCaptions = (
  row: Row,
  media: readonly (string | MediaRow | undefined)[],
  note: Note,
): readonly (string | MediaRow | undefined)[] => {
  const captions = listOf(row, "captions", note);
  const places = media.filter((each) => typeof each === "object").length;
  if (captions.length > 0 && captions.length !== places)
    note("captions", `has ${captions.length} captions for ${places} media, wanted one each (null where unknown)`);
  let at = 0;
  return media.map((each) => {
    if (typeof each !== "object") return each;
    const caption = captions[at++];
    if (isPresent(caption) && typeof caption !== "string")
      return note(`captions[${at - 1}]`, `is ${shown(caption)}, wanted text or null`);
    if (!isPresent(caption) && each.paths.length === 0) return note(each.field, "has neither pictures nor a caption");
    return typeof caption === "string" ? { ...each, caption } : each;
  });
};

const misspelt = { image: "images", video: "videos", response: "responses", caption: "captions" } as const;

const idOf = ({ id }: Row, note: Note): string | undefined => {
  if (!isPresent(id) || typeof id === "string") return (id as string | undefined) ?? undefined;
  return Number.isFinite(id) ? String(id) : note("id", `is ${shown(id)}, wanted text`);
};

/**
 * Reads the fields of a row: the sample, or everything that is wrong with it.
 *
 * Fields: `query`; `task_type` (or `task`); `images` [path], `videos` [[frame paths] or path of an animation], or
 * `context` [{"image": ..} or {"video": ..}] where their order matters; `responses` [A, B], each text, {"image": path}
 * or {"video": [..]}; optional `id`, `label` (or `chosen`, `solution`) "A" or "B", and `captions`, one for each of the
 * media in the order images, videos, context, responses. Other fields are left alone.
 */
export const readRow = (json: unknown): { readonly row?: SampleRow; readonly problems: readonly FieldProblem[] } => {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    return { problems: [{ problem: `is ${shown(json)}, wanted a JSON object` }] };
  const row = json as Row;
  const problems: FieldProblem[] = [];
  const note: Note = (field, problem) => void problems.push({ field, problem });
  for (const [wrong, right] of Object.entries(misspelt))
    if (isPresent(row[wrong])) note(wrong, `is not a field, wanted ${right} (a list)`);
  const id = idOf(row, note);
  const task = oneOf(row, ["task_type", "task"], taskTypes, note);
  if (!isPresent(row.task_type ?? row.task)) note("task_type", `is missing, wanted ${taskTypes.join(", ")}`);
  const label = oneOf<Label>(row, ["label", "chosen", "solution"], ["A", "B"], note);
  const { query } = row;
  if (typeof query !== "string") note("query", isPresent(query) ? `is ${shown(query)}, wanted text` : "is missing");
  const context = contextOf(row, note);
  const all = withCaptions(row, [...context, ...responsesOf(row, note)], note);
  if (problems.length > 0) return { problems };
  const responses = all.slice(context.length) as unknown as SampleRow["responses"];
  const sample = {
    task: task!,
    query: query as string,
    context: all.slice(0, context.length) as MediaRow[],
    responses,
  };
  return {
    row: { ...sample, ...(id === undefined ? {} : { id }), ...(label === undefined ? {} : { label }) },
    problems,
  };
};
