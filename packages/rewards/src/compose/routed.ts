import type { CompletionBatch, Mark, Reward, RewardContext, Scorable } from "@msrl/core";
import * as TE from "fp-ts/TaskEither";
import { fromMarks } from "./fromMarks.js";
import { thrownReason } from "./marks.js";
import { failed, outcomes } from "./wrapped.js";

/** Where a completion goes: to a reward, or to none, and why. */
export type Route = Reward<never> | Mark;

const routeOf = (route: (scorable: Scorable<never>) => Route, scorable: Scorable<never>): Route => {
  try {
    return route(scorable);
  } catch (thrown) {
    return failed(`the choice threw: ${thrownReason(thrown)}`);
  }
};

/** Each reward with the places of the completions that are its own, in order. */
const placesOf = (routes: readonly Route[]): ReadonlyMap<Reward<never>, readonly number[]> => {
  const places = new Map<Reward<never>, number[]>();
  for (const [at, route] of routes.entries()) {
    if (typeof route !== "function") continue;
    const own = places.get(route);
    if (own) own.push(at);
    else places.set(route, [at]);
  }
  return places;
};

const run = async (
  routes: readonly Route[],
  batch: CompletionBatch<never>,
  context: RewardContext | undefined,
): Promise<readonly Mark[]> => {
  const marks = routes.map((route): Mark => (typeof route === "function" ? { value: null } : route));
  const each = [...placesOf(routes)].map(async ([reward, places]) => {
    const own = await outcomes(
      reward,
      places.map((at) => batch[at]!),
      context,
    );
    for (const [index, at] of places.entries()) marks[at] = own[index]!;
  });
  await Promise.all(each);
  return marks;
};

/**
 * A reward that sends each completion to one of several rewards, or to none.
 *
 * Each reward is called once, side by side with the others, with its completions in their order; one that fails fails
 * those only.
 */
export const routed = <Reference>(name: string, route: (scorable: Scorable<Reference>) => Route): Reward<Reference> =>
  fromMarks(name, (batch, context) =>
    TE.fromTask(() => {
      const all = batch as CompletionBatch<never>;
      const routes = all.map((scorable) => routeOf(route as (scorable: Scorable<never>) => Route, scorable));
      return run(routes, all, context);
    }),
  );
