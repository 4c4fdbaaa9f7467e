import { badOption, parse, whole } from "./commandLine.js";

/** What `npm start` was asked for. */
export interface RunOptions {
  readonly quick: boolean;
  readonly resume: boolean;
  readonly seed: number;
  readonly device: string;
  readonly threads?: number;
  readonly name?: string;
  readonly help: boolean;
}

/** The text of `npm start -- --help`. */
export const usage = `Trains a tiny generative multimodal reward model through the stages of MSRL.

npm start                  the whole pipeline, beside the same budget on multimodal data only
npm start -- --quick       a shorter one
npm start -- --resume      goes on with the newest run of this kind (or with --name's)

  --seed N       seed of all randomness but the shipped backbone's (default 1)
  --name NAME    folder of the run under runs/ (default: the next free number)
  --device NAME  cpu, cuda, auto or another execution provider of ONNX Runtime (default cpu)
  --threads N    threads of a run on the CPU (default: one a core)
  --help         this text
`;

/** Reads the command line; throws `BadOption` for an option that is not known or cannot be. */
export const readOptions = (args: readonly string[]): RunOptions => {
  const { quick, resume, help, seed, device, threads, name } = parse(args, {
    quick: { type: "boolean", default: false },
    resume: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    device: { type: "string", default: "cpu" },
    threads: { type: "string" },
    name: { type: "string" },
  });
  if (name !== undefined && !/^\w[\w.-]*$/.test(name)) throw badOption("name", name, "letters, digits, . _ and -");
  return {
    quick,
    resume,
    help,
    device,
    seed: whole("seed", seed, 0),
    ...(threads !== undefined && { threads: whole("threads", threads, 1) }),
    ...(name !== undefined && { name }),
  };
};
