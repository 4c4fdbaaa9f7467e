import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../../scripts/run.mjs";
import type { Recording } from "./pairs.js";

const script = join(import.meta.dirname, "model.py");

const versions =
  "from importlib.metadata import version as v; print('transformers', v('transformers') + ', torch', v('torch'))";

/** The folder of a model that has learned the replies of a recording, made if it is not there; and what is told of it. */
export const learned = async (python: string, folder: string, { pairs }: Recording) => {
  const asked = JSON.stringify(pairs);
  const library = (await must(python, ["-c", versions])).trim();
  const made = createHash("sha256").update(asked).update(library).update(readFileSync(script)).digest("hex");
  const model = join(folder, `model-${made.slice(0, 12)}`);
  const note = join(model, "made.txt"); // the last file of it
  if (!existsSync(note)) {
    rmSync(model, { recursive: true, force: true });
    mkdirSync(model, { recursive: true });
    writeFileSync(join(folder, "pairs.json"), asked);
    const env = { ...process.env, HF_HUB_OFFLINE: "1", CUDA_VISIBLE_DEVICES: "" };
    const output = await must(python, ["-W", "ignore", script, join(folder, "pairs.json"), model], {
      env,
      timeout: 600_000,
    });
    writeFileSync(note, output.trim().split("\n").at(-1)!);
  }
  return { model, about: `${readFileSync(note, "utf8")}; ${library}` };
};
