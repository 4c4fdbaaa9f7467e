import { appendFile, constants, link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { pid } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Caption, type CaptionError, tagged } from "@msrl/core";
import { above, checkOptions } from "@msrl/core/configuration";
import * as E from "fp-ts/Either";
import { type CaptionCache, type Captioned, fromCache, sharing } from "./captionCache.js";

/** How processes that share a folder wait for one another, in milliseconds. */
export interface CaptionFolderOptions {
  /** Between looks for another's answer. */
  readonly poll: number;
  /** Between signs of life of one who asks. */
  readonly beat: number;
  /** Without a sign of life after which another asks in its place. */
  readonly patience: number;
}

/** Defaults of {@link captionFolder}. */
export const captionFolderDefaults: CaptionFolderOptions = { poll: 20, beat: 2_000, patience: 20_000 };

const rules = { poll: above(0), beat: above(0), patience: above(0) };

const codeOf = (cause: unknown): string | undefined => (cause as NodeJS.ErrnoException | null)?.code;

/** The value of a file operation, `undefined` where the file is not there (or, for a new file, is). */
const unless = async <Value>(code: string, work: Promise<Value>): Promise<Value | undefined> =>
  work.catch((cause) => {
    if (codeOf(cause) === code) return undefined;
    throw cause;
  });

const isCount = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value >= 0;

const isCaption = (value: Partial<Caption> | null): value is Caption =>
  typeof value?.text === "string" &&
  typeof value.truncated === "boolean" &&
  isCount(value.tokens?.prompt) &&
  isCount(value.tokens?.completion);

/** A kept caption; what is no caption (a disk that lost power) counts as not there. */
const read = async (file: string): Promise<Caption | undefined> => {
  const text = await unless("ENOENT", readFile(file, "utf8"));
  try {
    const value = text === undefined ? null : JSON.parse(text);
    return isCaption(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const me = `${hostname()} ${pid}`;

/** Whether a claim's owner is on this machine and gone. */
const isDead = (owner: string): boolean => {
  const [host, id] = owner.split(" ");
  if (host !== hostname() || !(Number(id) > 0)) return false;
  try {
    return !process.kill(Number(id), 0);
  } catch (cause) {
    return codeOf(cause) === "ESRCH";
  }
};

const claimOf = (file: string): string => `${file}.claim`;

/** Where an owner writes what it is about to keep. */
const draftOf = (file: string, owner: string): string => `${file}.${owner.replace(" ", ".")}.tmp`;

const ownerOf = async (claim: string): Promise<string> =>
  (await unless("ENOENT", readFile(claim, "utf8")))?.split("\n")[0] ?? "";

/** Clears away what a gone owner left; if another has laid a claim since, that is put back. */
const clear = async (file: string, owner: string): Promise<void> => {
  const aside = `${claimOf(file)}.${me.replace(" ", ".")}`;
  await unless("ENOENT", rename(claimOf(file), aside));
  if ((await ownerOf(aside)) !== owner) await link(aside, claimOf(file)).catch(() => {});
  else if (/^[\w.-]+ \d+$/.test(owner)) await rm(draftOf(file, owner), { force: true });
  await rm(aside, { force: true });
};

/** Waits until a claim is gone, or its owner is. */
const wait = async (file: string, { poll, patience }: CaptionFolderOptions, signal?: AbortSignal): Promise<void> => {
  const sizeOf = async () => (await unless("ENOENT", stat(claimOf(file))))?.size;
  for (let [size, quiet] = [await sizeOf(), 0]; size !== undefined; ) {
    const owner = await ownerOf(claimOf(file));
    if (isDead(owner) || quiet >= patience) return clear(file, owner);
    await sleep(poll, undefined, signal ? { signal } : {});
    const now = await sizeOf();
    quiet = now === size ? quiet + poll : 0;
    size = now;
  }
};

/** Lays a claim; false if another's is there. */
const lay = async (claim: string): Promise<boolean> => {
  await mkdir(dirname(claim), { recursive: true });
  return (
    (await unless(
      "EEXIST",
      writeFile(claim, `${me}\n`, { flag: "wx" }).then(() => true),
    )) ?? false
  );
};

/** Works while the claim shows signs of life, then gives it back. */
const whileAlive = async <Value>(claim: string, beat: number, work: () => Promise<Value>): Promise<Value> => {
  const flag = constants.O_APPEND | constants.O_WRONLY; // a claim that is gone stays gone
  const alive = setInterval(() => void appendFile(claim, ".", { flag } as object).catch(() => {}), beat);
  try {
    return await work();
  } finally {
    clearInterval(alive);
    await rm(claim, { force: true });
  }
};

const keep = async (file: string, made: Captioned): Promise<Captioned> => {
  if (E.isLeft(made)) return made;
  const draft = draftOf(file, me);
  await writeFile(draft, JSON.stringify(made.right));
  await rename(draft, file);
  return made;
};

const failed = (folder: string, cause: unknown): CaptionError => {
  const message = `caption folder ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`;
  return tagged("CaptionError", message, { captioner: folder, final: true });
};

/**
 * A cache of captions in a folder, one JSON file a caption, that outlives runs and is shared by processes.
 *
 * Reads take no lock. Files appear whole (written beside, then renamed), so a kill at any time loses nothing that was
 * kept. Who asks for a caption lays a claim first (a file beside it); others wait for the answer. The claim of a process
 * that is gone, or shows no sign of life for `patience`, is taken over: only what was under way at a kill is asked twice.
 * A folder that cannot be read or written is a `CaptionError`.
 *
 * @example
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { captionFolder } from "@msrl/distill";
 * const folder = await mkdtemp(join(tmpdir(), "captions-"));
 * const answer = { _tag: "Right", right: { text: "a red fox", tokens: { prompt: 9, completion: 4 }, truncated: false } } as const;
 * await captionFolder(folder).once("0a1b", async () => answer);
 * const known = await captionFolder(folder).once("0a1b", async () => { throw new Error("asked again"); });
 * assert.strictEqual(known._tag === "Right" && known.right.text, "a red fox");
 * @since 0.1.0
 */
export const captionFolder = (folder: string, given: Partial<CaptionFolderOptions> = {}): CaptionCache => {
  const options = checkOptions<CaptionFolderOptions>("captionFolder", rules, captionFolderDefaults, given);
  const share = sharing();

  const once: CaptionCache["once"] = async (key, ask, signal) => {
    const file = join(folder, key.slice(0, 2), `${key.slice(2)}.json`);
    const claim = claimOf(file);
    for (;;) {
      const kept = await read(file);
      if (kept !== undefined) return E.right(fromCache(kept));
      if (await lay(claim)) break;
      await wait(file, options, signal);
    }
    const late = await read(file); // who held the claim until now has answered
    return whileAlive(claim, options.beat, async () => (late ? E.right(fromCache(late)) : keep(file, await ask())));
  };

  return {
    once: (key, ask, signal) =>
      share(key, () => once(key, ask, signal).catch((cause) => E.left(failed(folder, cause)))),
  };
};
