import * as E from "fp-ts/Either";
import { tagged, toPromise } from "../errors.js";
import type { Loss } from "../losses/loss.js";
import type { TokenArrays } from "../losses/tokenArrays.js";
import { type TokenGradient, tokenGradient } from "../losses/tokenGradient.js";
import type { GradientTransform, Optimizer } from "../optim/optimizer.js";
import type { PolicyError } from "../policy/policy.js";
import type { Device } from "../session/device.js";
import { engineFailed } from "./attempt.js";
import { calibrate } from "./calibrate.js";
import type { EngineAdam, TinkerClient } from "./client.js";
import { adamNumbers, learningRateAt } from "./engineAdam.js";
import { type EngineFacts, unnamedEngine } from "./engineFacts.js";
import type { TinkerPolicyOptions } from "./policyOptions.js";

/** What of an engine is known before it is asked. */
export type KnownFacts = Pick<EngineFacts, "fixed" | "temperature" | "images"> & Partial<EngineFacts>;

/** What is known of the engine of these options. */
export const knownFacts = ({ engine }: TinkerPolicyOptions): KnownFacts => ({ ...unnamedEngine, ...engine });

/** The facts of an engine, measured once where they are not known; a failed measurement is made again. */
export const factsOf = (options: TinkerPolicyOptions, client: TinkerClient): (() => Promise<EngineFacts>) => {
  const known = knownFacts(options);
  let measured: Promise<EngineFacts> | undefined;
  const measure = async (): Promise<EngineFacts> => {
    const { reduction, builtIn, sampler } = known;
    if (reduction && builtIn && sampler) return { ...known, reduction, builtIn, sampler };
    if (reduction) return { builtIn: [], sampler: "other", ...known, reduction }; // named because it cannot be measured
    return { ...(await calibrate(client, options.baseModel, options.rank)), ...options.engine, ...unnamedGaps(known) };
  };
  return () => {
    measured ??= measure().catch((cause) => {
      measured = undefined;
      throw cause;
    });
    return measured;
  };
};

const unnamedGaps = ({ fixed, temperature, images }: KnownFacts) => ({ fixed, temperature, images });

/** Why an update with this loss and optimizer is refused before anything runs. */
export const updateProblem = (
  name: string,
  facts: Pick<EngineFacts, "fixed">,
  loss: Loss,
  optimizer: Optimizer,
): PolicyError | undefined => {
  const needs = loss.needs.filter((need) => need !== "logProbs");
  if (needs.length > 0) {
    const message = `loss ${loss.name} needs ${needs.join(", ")}, which policy ${name} does not give: an engine gives log-probs`;
    return tagged("NeedNotMet", message, { policy: name, loss: loss.name, needs });
  }
  const numbers = adamNumbers(optimizer, facts);
  return E.isLeft(numbers) ? engineFailed(name, `optimizer ${optimizer.transform.name}: ${numbers.left}`) : undefined;
};

/** A kernel for each key, compiled when first asked for. */
const kept = <Key extends object, Kernel>(make: (key: Key) => Promise<Kernel>): ((key: Key) => Promise<Kernel>) => {
  const known = new WeakMap<Key, Promise<Kernel>>();
  return (key) => {
    const kernel = known.get(key) ?? make(key);
    known.set(key, kernel);
    return kernel;
  };
};

/** Losses and learning rates as kernels of a device. */
export const kernelsOf = (device: Device) => {
  const losses = kept((loss: Loss) => tokenGradient(loss, device));
  const rates = kept((transform: GradientTransform) => toPromise(learningRateAt(device, transform)));
  return {
    gradientOf:
      (loss: Loss) =>
      async (arrays: TokenArrays): Promise<TokenGradient> =>
        (await losses(loss))(arrays),
    /** The optimizer's numbers for the update that follows so many others. */
    adamAt: async (optimizer: Optimizer, facts: EngineFacts, updates: number): Promise<EngineAdam> => {
      const numbers = adamNumbers(optimizer, facts);
      if (E.isLeft(numbers)) throw new TypeError(numbers.left); // refused before
      const rate = await rates(optimizer.transform);
      return { ...numbers.right, learningRate: await toPromise(rate(updates)) };
    },
  };
};
