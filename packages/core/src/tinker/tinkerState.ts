import { tagged } from "../errors.js";
import type { PolicyError, Saved } from "../policy/policy.js";
import type { EngineModel } from "./client.js";

/** A model on the engine after so many steps. The weights there move: once it has gone on, this state is refused. */
export interface TrainedState {
  readonly type: "model";
  readonly model: EngineModel;
  /** Optimizer steps since the adapter was fresh. */
  readonly step: number;
  /** Those of them with this optimizer. */
  readonly updates: number;
}

/** The base model, or weights put aside: they answer, and are not trained. */
export type FrozenState = { readonly type: "base" } | { readonly type: "frozen"; readonly path: string };

/** A policy on an engine as a value: a reference, no weights. */
export type TinkerState = TrainedState | FrozenState;

/** The base model with the adapter off: what a run takes for its reference policy. */
export const baseState: TinkerState = { type: "base" };

const format = "msrl-tinker/1";

/** A saved state: the engine's own path and the counts; the numbers stay on the engine. */
export const savedState = ({ model, step, updates }: TrainedState, path: string): Saved => ({
  tensors: {},
  metadata: {
    format,
    path,
    step: String(step),
    updates: String(updates),
    base_model: model.baseModel,
    rank: String(model.rank),
  },
});

/** What a saved state says. */
export interface SavedReference {
  readonly path: string;
  readonly step: number;
  readonly updates: number;
}

const count = (text: string | undefined): number => (/^\d+$/.test(text ?? "") ? Number(text) : Number.NaN);

/** Reads a saved state; one of another kind of policy, base model or rank is refused with all that does not fit. */
export const savedReference = (
  { metadata }: Saved,
  { baseModel, rank }: { readonly baseModel: string; readonly rank: number },
): SavedReference => {
  const [step, updates] = [count(metadata.step), count(metadata.updates)];
  const wanted = { format, base_model: baseModel, rank: String(rank) };
  const problems = [
    ...Object.entries(wanted).flatMap(([field, value]) =>
      metadata[field] === value ? [] : [`${field}: ${value} wanted, ${metadata[field] ?? "nothing"} given`],
    ),
    ...(metadata.path ? [] : ["path: a path of the engine wanted, nothing given"]),
    ...(Number.isNaN(step + updates) ? ["step, updates: whole numbers wanted"] : []),
  ];
  if (problems.length > 0) {
    const message = `this checkpoint is not one of this policy on an engine:\n${problems.join("\n")}`;
    const error: PolicyError = tagged("BadCheckpoint", message, { reason: problems.join("; ") });
    throw error;
  }
  return { path: metadata.path!, step, updates };
};
