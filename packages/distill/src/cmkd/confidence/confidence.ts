import type { Completion, Label } from "@msrl/core";

/** Reads which answer a completion finds better; `null`: unreadable. `verdict` of the rewards is one. */
export type VerdictReader = (completion: string) => Label | null;

/** Whether a completion has the form that was asked for. `hasFormat` of the rewards is one. */
export type FormatCheck = (completion: string) => boolean;

/** How sure the teacher is of a candidate, seen among all candidates of its sample; more is surer, in any unit. */
export type Confidence = (candidate: Completion, candidates: readonly Completion[]) => number;

/** A confidence that can be compared: NaN counts as no confidence at all. */
export const comparable = (confidence: number | undefined): number =>
  confidence === undefined || Number.isNaN(confidence) ? Number.NEGATIVE_INFINITY : confidence;
