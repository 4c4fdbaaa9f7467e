import { type ConfigurationProblem, configurationError } from "../configuration.js";
import type { Tensors } from "../tensor.js";

/**
 * The reference policy after an update: weights of the reference and of the policy by name, and how many updates were
 * made by now.
 */
export type ReferenceRefresh = (reference: Tensors, policy: Tensors, updates: number) => Tensors;

/** Whether a refresh every n updates is due. */
export const isDue = (updates: number, every: number): boolean => updates > 0 && updates % every === 0;

const typeOf = (tensors: Tensors, name: string): string => {
  const found = tensors[name];
  return found ? `${found.dtype} [${found.shape.join(", ")}]` : "not there";
};

/** @throws ConfigurationError with every tensor of the policy that the reference has otherwise or not at all, or the reverse. */
export const checkSameTensors = (where: string, reference: Tensors, policy: Tensors): void => {
  const names = [...new Set([...Object.keys(reference), ...Object.keys(policy)])];
  const problems = names.flatMap((name): readonly ConfigurationProblem[] => {
    const [given, wanted] = [typeOf(policy, name), typeOf(reference, name)];
    return given === wanted
      ? []
      : [{ field: `tensor "${name}" of the policy`, given, wanted: `${wanted}, as the reference` }];
  });
  if (problems.length > 0) throw configurationError(where, problems);
};
