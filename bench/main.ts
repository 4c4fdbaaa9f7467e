// npm run bench: times the models' works beside torch, in the same run. See README.md.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { benchCaptions } from "./captions.js";
import { benchEngine } from "./engine.js";
import { benchKernels } from "./kernels/index.js";
import { benchModels } from "./models.js";
import { benchReal } from "./real/index.js";
import { benchRewards } from "./rewards/index.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    threads: { type: "string", default: `${availableParallelism()}` },
    subject: { type: "string", multiple: true },
    work: { type: "string", multiple: true },
    memory: { type: "boolean", default: true },
    real: { type: "string" },
    kernels: { type: "boolean", default: false },
    rewards: { type: "boolean", default: false },
    captions: { type: "boolean", default: false },
    engine: { type: "string" },
  },
  allowNegative: true,
});
const python = process.env.MSRL_PYTHON;
const shared = {
  threads: Number(values.threads),
  ...(python && { python }),
  ...(values.work && { works: values.work }),
};
if (values.engine !== undefined)
  await benchEngine({ url: values.engine, rounds: Number(values.rounds ?? 9), ...(python && { python }) });
else if (values.captions) await benchCaptions();
else if (values.rewards) await benchRewards({ rounds: Number(values.rounds ?? 7), ...(python && { python }) });
else if (values.kernels) await benchKernels({ ...shared, rounds: Number(values.rounds ?? 7), memory: values.memory });
else if (values.real !== undefined)
  await benchReal({ ...shared, folder: values.real, rounds: Number(values.rounds ?? 3) });
else
  await benchModels({
    ...shared,
    rounds: Number(values.rounds ?? 7),
    memory: values.memory,
    ...(values.subject && { subjects: values.subject }),
  });
