import * as E from "fp-ts/Either";
import { text } from "../src/data/prompt.js";
import { toPromise } from "../src/errors.js";
import { grad, input, logSoftmax, matmul, mul, reduceSum, toModel } from "../src/graph/index.js";
import type { Loss } from "../src/losses/loss.js";
import type { ChatTokenizer } from "../src/models/prompts/tokenizer.js";
import type { Optimizer } from "../src/optim/optimizer.js";
import type { TrainingBatch } from "../src/policy/policy.js";
import type { Device } from "../src/session/device.js";
import { float32, type Tensors } from "../src/tensor.js";
import { arraysOf, updateRows } from "../src/tinker/updateRows.js";
import { firstTable, rowLogProbs, vocabulary } from "./scriptedModel.js";

/** Text is token ids with spaces between; 7 ends a completion. */
export const tableTokenizer: ChatTokenizer = {
  vocabularySize: vocabulary,
  endId: 7,
  padId: 0,
  encode: (ids) => ids.split(" ").filter(Boolean).map(Number),
  decode: (ids) => ids.join(" "),
  chat: (messages) =>
    messages.flatMap(({ content }) => content.map((part) => (part.type === "text" ? part.text : ""))).join(" "),
};

/** A prompt of token ids. */
export const tablePrompt = (ids: string) => ({ id: ids, messages: [{ role: "user" as const, content: [text(ids)] }] });

const oneHot = (ids: readonly number[]): readonly number[] =>
  ids.flatMap((id) => Array.from({ length: vocabulary }, (_, at) => Number(at === id)));

/** Log-probs of a table's tokens, [rows, time], from one-hot tokens before and after. */
const graphOf = (loss: Loss, optimizer: Optimizer, rows: number, time: number, state: Tensors) => {
  const of = (name: string) => input(name, "float32", [rows, time]);
  const table = input("table", "float32", [vocabulary, vocabulary]);
  const hot = (name: string) => input(name, "float32", [rows, time, vocabulary]);
  const logProbs = reduceSum(mul(logSoftmax(matmul(hot("before"), table)), hot("after")), [2]);
  const scalar = (name: string) => input(name, "float32", []);
  const { loss: value } = loss.build({
    logProbs,
    oldLogProbs: of("oldLogProbs"),
    samplerLogProbs: of("samplerLogProbs"),
    referenceLogProbs: of("referenceLogProbs"),
    advantages: of("advantages"),
    mask: of("mask"),
    tokens: scalar("tokens"),
    sequences: scalar("sequences"),
  });
  const [gradient] = grad(value, [table]);
  const held = Object.fromEntries(
    Object.entries(state).map(([name, { dtype, shape }]) => [name, input(`state.${name}`, dtype, shape)]),
  );
  const step = optimizer.transform.update({ table: gradient! }, held, { table });
  return { update: step.updates.table!, ...step.state };
};

/** The same updates as the engine's, computed here as one graph each: the tables after every step. */
export const localTables = async (
  device: Device,
  batches: readonly TrainingBatch[],
  loss: Loss,
  optimizer: Optimizer,
  first: ArrayLike<number> = firstTable(),
): Promise<readonly Float32Array[]> => {
  let table = Float32Array.from(first);
  let state = optimizer.transform.init({ table: { dtype: "float32", shape: [vocabulary, vocabulary] } });
  const tables: Float32Array[] = [];
  for (const batch of batches) {
    const prompts = batch.map(({ prompt }) => {
      const ids = tableTokenizer.encode(tableTokenizer.chat(prompt.messages));
      return { chunks: [], ids };
    });
    const rows = updateRows(batch, prompts);
    const before = rows.map(({ prompt, tokenIds }) => [prompt.ids.at(-1)!, ...tokenIds.slice(0, -1)]);
    const scores = rows.map(({ tokenIds }, row) =>
      tokenIds.map((id, at) => rowLogProbs(Float64Array.from(table), before[row]![at]!)[id]!),
    );
    const counts = {
      tokens: rows.flatMap(({ completion }) => completion.mask ?? completion.tokenIds.map(() => 1)).filter((m) => m > 0)
        .length,
      sequences: rows.length,
    };
    const arrays = arraysOf(rows, scores, counts);
    const { batch: count, time } = arrays;
    const padded = (ids: readonly (readonly number[])[]): readonly number[] =>
      ids.flatMap((row) => oneHot([...row, ...new Array<number>(time - row.length).fill(0)]));
    const names = ["oldLogProbs", "samplerLogProbs", "referenceLogProbs", "advantages", "mask"] as const;
    const feeds: Tensors = {
      table: float32([vocabulary, vocabulary], table),
      before: float32([count, time, vocabulary], padded(before)),
      after: float32([count, time, vocabulary], padded(rows.map(({ tokenIds }) => tokenIds))),
      tokens: float32([], [counts.tokens]),
      sequences: float32([], [counts.sequences]),
      ...Object.fromEntries(names.map((name) => [name, float32([count, time], Array.from(arrays[name]!))])),
      ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`state.${name}`, value])),
    };
    const model = toModel({ name: "table", outputs: graphOf(loss, optimizer, count, time, state) });
    if (E.isLeft(model)) throw model.left;
    const kernel = await toPromise(device.compile(model.right));
    const read = Object.entries(feeds).filter(([name]) => Object.hasOwn(model.right.inputs, name));
    const { update, ...next } = await toPromise(kernel.run(Object.fromEntries(read)));
    table = table.map((value, at) => value + (update!.data as Float32Array)[at]!);
    state = next;
    tables.push(table);
  }
  return tables;
};
