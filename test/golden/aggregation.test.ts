import { grad, input } from "@msrl/core/graph";
import { type AggregateOptions, aggregate, topEntropy, valueLoss } from "@msrl/core/losses";
import { describe, it } from "vitest";
import { cast } from "../../packages/core/src/graph/ops/select.js";
import { float64, numbers, testDevice } from "../../packages/core/test/testDevice.js";
import { expectNear, flat, goldenCases, shapeOf, skipCases } from "./golden.js";

interface Options {
  readonly loss_agg_mode: string;
  readonly dp_size?: number;
  readonly batch_num_tokens?: number;
  readonly global_batch_size?: number;
  readonly loss_scale_factor?: number;
  readonly cliprange_value: number;
  readonly threshold: number;
}

const { evaluate } = testDevice();
/** Those of `corrections.test.ts` apart. */
const all = goldenCases<Options>("aggregation").filter(
  ({ name }) => !/^(is_weights|rejection|off_policy_mask|vespo_gamma_weights)\//.test(name),
);
const of = (kind: string) => all.filter(({ name }) => name.startsWith(`${kind}/`));

const aggregation = {
  "token-mean": "tokenMean",
  "token-sum": "tokenMean",
  "seq-mean-token-sum": "sequenceSum",
  "seq-mean-token-sum-norm": "constant",
  "seq-mean-token-mean": "sequenceMean",
} as const;

describe("aggregations equal verl", () => {
  it.each(of("agg"))("$name", async ({ inputs, options, expected, gradients, tolerance }) => {
    const shape = shapeOf(inputs.loss_mat) as [number, number];
    const mode = options.loss_agg_mode as keyof typeof aggregation;
    const [values, mask] = ["values", "mask"].map((name) => input(name, "float64", ["batch", "time"]));
    const [tokens, sequences] = ["tokens", "sequences"].map((name) => input(name, "float64", []));
    const chosen: AggregateOptions = {
      aggregation: aggregation[mode],
      ...(mode === "seq-mean-token-sum-norm" && { maxTokens: options.loss_scale_factor ?? shape[1] }),
    };
    const loss = aggregate(chosen)(values!, { mask: mask!, tokens: tokens!, sequences: sequences! });
    const counting = flat(inputs.loss_mask);
    const rows = Array.from({ length: shape[0] }, (_, row) => counting.slice(row * shape[1], (row + 1) * shape[1]));
    const full = rows.filter((row) => row.includes(1)).length;
    const ranks = options.dp_size ?? 1;
    const count = options.batch_num_tokens ?? counting.filter((m) => m === 1).length;
    const results = await evaluate(
      { loss, gradient: grad(loss, [values!])[0]! },
      {
        values: float64(shape, flat(inputs.loss_mat)),
        mask: float64(shape, counting),
        tokens: float64([], [mode === "token-sum" ? 1 : count / ranks]),
        sequences: float64([], [(options.global_batch_size ?? full) / ranks]),
      },
    );
    // verl adds 1e-8 to the length of a sequence; the losses of sequences cancel, so that it is a part of their size.
    const near = mode === "seq-mean-token-mean" ? { rtol: 5e-8, atol: 1e-8 } : tolerance;
    // A count below 1 counts as 1 here: verl's factor for its ranks stands outside.
    const factor = mode === "token-sum" ? ranks : 1;
    const scaled = (values: readonly number[]) => values.map((value) => value * factor);
    expectNear(scaled(numbers(results.loss)), flat(expected.loss), near);
    expectNear(scaled(numbers(results.gradient)), flat(gradients.loss_mat), near);
  });
});

describe("the top-entropy mask equals TRL", () => {
  it.each(of("high_entropy_mask"))("$name", async ({ inputs, options, expected, tolerance }) => {
    const shape = shapeOf(inputs.entropy);
    const [entropy, mask] = ["entropy", "mask"].map((name) => input(name, "float64", ["batch", "time"]));
    const keep = cast(topEntropy(1 - Number(options.threshold))(entropy!, mask!), "float64");
    const feeds = { entropy: float64(shape, flat(inputs.entropy)), mask: float64(shape, flat(inputs.mask)) };
    expectNear(numbers((await evaluate({ keep }, feeds)).keep), flat(expected.mask), tolerance);
  });
});

describe("value losses equal verl", () => {
  it.each(of("value_loss"))("$name", async ({ inputs, options, expected, gradients, tolerance }) => {
    const shape = shapeOf(inputs.vpreds);
    const perToken = (name: string) => input(name, "float64", ["batch", "time"]);
    const values = { values: perToken("values"), oldValues: perToken("oldValues"), returns: perToken("returns") };
    const counts = {
      mask: perToken("mask"),
      tokens: input("tokens", "float64", []),
      sequences: input("sequences", "float64", []),
    };
    const { loss, metrics } = valueLoss({ epsilon: options.cliprange_value })(values, counts);
    const mask = flat(inputs.response_mask);
    const results = await evaluate(
      { loss, gradient: grad(loss, [values.values])[0]!, ...metrics },
      {
        values: float64(shape, flat(inputs.vpreds)),
        oldValues: float64(shape, flat(inputs.values)),
        returns: float64(shape, flat(inputs.returns)),
        mask: float64(shape, mask),
        tokens: float64([], [mask.reduce((sum, m) => sum + m, 0)]),
      },
    );
    expectNear(numbers(results.loss), flat(expected.loss), tolerance);
    expectNear(numbers(results.gradient), flat(gradients.vpreds), tolerance);
    // verl adds 1e-8 to the count, and its flags are float32.
    expectNear(numbers(results.value_clip_fraction), flat(expected.clipfrac), { rtol: 1e-6, atol: 1e-8 });
  });
});

const reasons: Readonly<Record<string, string>> = {
  nanstd: "a helper of TRL's log; advantages leave missing rewards out themselves (advantages_trl)",
  nanmin_nanmax: "a helper of TRL's log; extremes here have no missing values",
};

describe("the rest", () => {
  skipCases(all, ({ name }) => reasons[name.split("/")[0]!]);
});
