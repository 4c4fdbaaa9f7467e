import { createHash } from "node:crypto";
import * as E from "fp-ts/Either";
import { checkpointFiles } from "./checkpoint.js";
import { type CheckpointProblem, damaged } from "./decode.js";

/** Length and SHA-256 (hexadecimal) of a file. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** What a checkpoint says of itself: whose it is, and what its files must be. */
export interface Manifest {
  /** Name of the stage that wrote it, where it gave one. */
  readonly stage: string | null;
  readonly step: number;
  readonly files: Readonly<Record<string, Digest>>;
}

/** Name of the manifest in a checkpoint's folder. */
export const manifestFile = "manifest.json";

const format = "msrl-checkpoint";
const version = 1;

/** The only text of a manifest: with a checksum of itself at its end. */
export const manifestText = ({ stage, step, files }: Manifest): string => {
  const digests = Object.entries(files).map(([name, { bytes, sha256 }]) => [name, { bytes, sha256 }] as const);
  const body = { format, version, stage, step, files: Object.fromEntries(digests) };
  const checksum = createHash("sha256").update(JSON.stringify(body)).digest("hex");
  return `${JSON.stringify({ ...body, checksum }, null, 2)}\n`;
};

const foreign = (problem: string): E.Either<CheckpointProblem, never> =>
  E.left({ kind: "foreign", file: manifestFile, problem });

const broken = (problem: string): E.Either<CheckpointProblem, never> => E.left(damaged(manifestFile, problem));

const parse = (text: string): E.Either<CheckpointProblem, Record<string, unknown>> => {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null ? E.right({ ...json }) : broken("is not a JSON object");
  } catch (cause) {
    return broken(`is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
};

/** Whether these bytes are, to the last one, what we would write for what they say. */
const isOurs = (json: Record<string, unknown>, bytes: Uint8Array): boolean => {
  try {
    const manifest = json as unknown as Manifest;
    const complete = checkpointFiles.every((name) => Object.hasOwn(manifest.files, name));
    return complete && Buffer.from(manifestText(manifest)).equals(bytes);
  } catch {
    return false;
  }
};

/**
 * The manifest in these bytes, if it is whole, of our format and version, and of the stage asked for (any if none).
 *
 * Whole means that its text is exactly the one that {@link manifestText} gives: a change of any byte is seen.
 */
export const readManifest = (bytes: Uint8Array, stage?: string): E.Either<CheckpointProblem, Manifest> => {
  const parsed = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
  if (E.isLeft(parsed)) return parsed;
  const json = parsed.right;
  if (json.format !== format) return foreign(`its format is ${JSON.stringify(json.format)}, not "${format}"`);
  if (json.version !== version)
    return foreign(`its version is ${JSON.stringify(json.version)}, this library reads version ${version}`);
  if (!isOurs(json, bytes)) return broken("does not match its own checksum");
  const manifest = json as unknown as Manifest;
  if (stage !== undefined && manifest.stage !== stage)
    return foreign(
      manifest.stage === null
        ? `no stage is named in it, stage ${JSON.stringify(stage)} was asked for`
        : `it was written by stage ${JSON.stringify(manifest.stage)}, not by ${JSON.stringify(stage)}`,
    );
  return E.right(manifest);
};
