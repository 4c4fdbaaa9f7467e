import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import * as E from "fp-ts/Either";
import { saidOf } from "./ask.js";
import type { EngineArchive, EngineModel } from "./client.js";
import { type Connection, callError } from "./connection.js";
import { type EngineError, engineError } from "./engineError.js";
import { fieldsOf } from "./readAnswer.js";
import { readTar } from "./tar.js";

const path = "archive";
const unzip = promisify(gunzip);

const bad = (what: string, status?: number): E.Either<EngineError, never> =>
  E.left(engineError({ kind: "badAnswer", path, ...(status !== undefined && { status }) }, what, "safe to run again"));

const unpack = async (bytes: Uint8Array): Promise<E.Either<EngineError, EngineArchive>> => {
  try {
    const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return E.right(readTar(zipped ? new Uint8Array(await unzip(bytes)) : bytes));
  } catch (thrown) {
    return bad((thrown as Error).message);
  }
};

/**
 * The files of an adapter saved for sampling.
 *
 * The engine answers with the archive or with where it lies; that address is not sent the key unless it is the engine's own.
 */
export const downloadArchive = async (
  from: Connection,
  model: EngineModel,
  name: string,
  signal: AbortSignal,
): Promise<E.Either<EngineError, EngineArchive>> => {
  const { timeout } = from.options;
  const at = `training_runs/${encodeURIComponent(model.id)}/checkpoints/${encodeURIComponent(name)}/archive`;
  const answer = await from.ask({ method: "GET", path: at, timeout }, signal);
  if (E.isLeft(answer)) return E.left(callError(path, answer.left));
  const { body, status, location } = answer.right;
  if (body.type === "bytes" && location === undefined) return unpack(body.bytes);
  const elsewhere = location ?? (body.type === "json" ? fieldsOf(body.value).url : undefined);
  if (typeof elsewhere !== "string") return bad(`the engine names no address: ${saidOf(body)}`, status);
  const file = await from.ask({ method: "GET", path: elsewhere, timeout }, signal);
  if (E.isLeft(file)) return E.left(callError(path, file.left));
  return file.right.body.type === "bytes" ? unpack(file.right.body.bytes) : bad("the archive is JSON");
};
