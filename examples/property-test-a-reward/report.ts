import { format, official } from "@msrl/rewards";
import { propertyTestReward } from "@msrl/rewards/testing";

/** What the laws say of a reward: nothing, or a report of what breaks them. */
export const reportOf = (reward: typeof official.format, name: string): Promise<string> =>
  propertyTestReward(reward, { name, bounds: [0, 1], strict: true }).then(
    () => `${name} holds every law.`,
    (error: Error) => error.message,
  );

/** A format reward that asks for two blocks anywhere, and one that asks for a form. */
export const reports = async (): Promise<readonly string[]> => [
  await reportOf(official.format, "the official format reward"),
  await reportOf(format({ tags: ["think", "answer"] }), "the strict format reward"),
];
