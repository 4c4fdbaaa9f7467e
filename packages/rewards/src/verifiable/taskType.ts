import type { Reward } from "@msrl/core";
import { checkOptions, shown } from "@msrl/core/configuration";
import { perCompletion } from "../compose/perCompletion.js";
import { onlyBlock, tagName } from "../parse/onlyBlock.js";

/** What the task reward is judged against: a sample's task, one of core's `taskTypes` or a name of yours. */
export interface TaskReference {
  readonly task: string;
}

/** Settings of {@link taskType}. */
export interface TaskTypeOptions {
  /** The tag around the task's name; `type` by default. */
  readonly tag?: string;
}

const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, "");

/**
 * Whether the only `<type>` block names the sample's task: 1 or 0. Letter case, `_`, `-` and white space do not matter.
 *
 * MSRL (2026), https://arxiv.org/abs/2603.25108.
 *
 * @throws ConfigurationError if the tag cannot be a name.
 * @example
 * import { toPromise } from "@msrl/core";
 * import { taskType } from "@msrl/rewards";
 * const completion = { text: "<type>Image-Generation</type>", tokenIds: [], logProbs: [], truncated: false };
 * const judged = { prompt: { id: "q1", messages: [] }, completion, reference: { task: "image_generation" } };
 * assert.deepStrictEqual(await toPromise(taskType()([judged])), [1]);
 * @since 0.1.0
 */
export const taskType = (options: TaskTypeOptions = {}): Reward<TaskReference> => {
  const { tag } = checkOptions<Required<TaskTypeOptions>>("taskType", { tag: tagName }, { tag: "type" }, options);
  const read = onlyBlock({ tag });
  return perCompletion<TaskReference>("taskType", (text, reference) => {
    const { task } = reference ?? {};
    if (typeof task !== "string") throw new Error(`reference.task is ${shown(task)}, wanted a name`);
    const named = read(text);
    if (named === null) return { value: 0, reason: `not exactly one <${tag}>` };
    const right = named === task || plain(named) === plain(task);
    return { value: right ? 1 : 0, reason: right ? `${task} is the task` : `another task is named, ${task} is wanted` };
  });
};
