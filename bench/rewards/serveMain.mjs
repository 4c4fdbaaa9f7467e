// The server of the bench, a process of its own: MSRL's three rewards at the port given, of the packages as they are published.
import { accuracy, format, taskType, weightedSum } from "@msrl/rewards";
import { serveRewards } from "@msrl/rewards/serve";

const reward = weightedSum({
  accuracy: { reward: accuracy(), weight: 1 },
  format: { reward: format({ tags: ["type", "think", "answer"] }), weight: 0.2 },
  task: { reward: taskType(), weight: 0.2 },
});
await serveRewards({ reward, port: Number(process.argv[2]) });
