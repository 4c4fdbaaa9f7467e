import type { Contribution, Expr, Node } from "./expr.js";
import { add } from "./ops/elementwise.js";
import { opKey } from "./ops/op.js";
import { order } from "./order.js";
import { flatOps, vjps } from "./registry.js";

const isFloat = ({ dtype }: Expr): boolean => dtype.includes("float");

/** What gradients go to behind a node: its inputs, or the reads of its own gradient. */
const sourcesOf = (node: Node): readonly (Expr | undefined)[] => node.gradient?.reads ?? node.inputs;

/** Nodes through which a gradient flows from what is computed to what is asked for. */
export const flowing = (nodes: readonly Node[], wrt: readonly Expr[]): ReadonlySet<Node> => {
  const flows = new Set(wrt.map((expr) => expr.node));
  for (const node of nodes) {
    if (node.stopsGradient || flatOps.has(opKey(node))) continue;
    if (sourcesOf(node).some((input) => input && flows.has(input.node) && isFloat(input))) flows.add(node);
  }
  return flows;
};

const contributionsOf = (
  node: Node,
  arrived: readonly (Expr | undefined)[],
  wants: readonly boolean[],
): readonly Contribution[] => {
  if (node.gradient) return node.gradient.pullback(node, arrived, wants);
  const vjp = vjps[opKey(node)];
  if (!vjp) throw new TypeError(`${opKey(node)} has no gradient: use stopGradient where none is meant to flow`);
  return vjp(node, arrived, wants).flatMap((amount, at) => {
    const to = node.inputs[at];
    return amount && to && wants[at] ? [{ to, amount }] : [];
  });
};

/** Refuses what would be lost without a word: a gradient by what is read behind a gradient that does not go to it. */
const checkReads = (nodes: readonly Node[], wrt: readonly Expr[]): void => {
  for (const { gradient, inputs, label = "" } of nodes) {
    if (!gradient) continue;
    const values = inputs as readonly Expr[];
    const inside = new Set(order(values, new Set(gradient.reads.map(({ node }) => node))));
    const asked = wrt.filter(({ node }) => inside.has(node));
    if (asked.length === 0) continue;
    const flows = flowing([...inside], asked);
    if (values.some(({ node }) => flows.has(node)))
      throw new TypeError(`"${label}" has a gradient of its own, which does not go to what stands inside it`);
  }
};

/** Which cotangents arrive where. */
export interface Arrivals {
  /** Nodes in topological order, those that end the way left out. */
  readonly nodes: readonly Node[];
  readonly wrt: readonly Expr[];
  /** Where the way begins. */
  readonly seeds: readonly Contribution[];
  /** Called for every amount in order of summation; what it takes (`true`) goes no further. */
  readonly take?: (contribution: Contribution) => boolean;
}

/** Runs VJPs from the last node to the first; gives what arrived at each output of each node. */
export const pullback = ({ nodes, wrt, seeds, take }: Arrivals): ReadonlyMap<Node, readonly (Expr | undefined)[]> => {
  checkReads(nodes, wrt);
  const flows = flowing(nodes, wrt);
  const cotangents = new Map<Node, (Expr | undefined)[]>();
  const arrive = (contribution: Contribution): void => {
    if (take?.(contribution)) return;
    const { to, amount } = contribution;
    const slots = cotangents.get(to.node) ?? [];
    const before = slots[to.output];
    slots[to.output] = before ? add(before, amount) : amount;
    cotangents.set(to.node, slots);
  };
  seeds.forEach(arrive);
  for (const node of [...nodes].reverse()) {
    const arrived = cotangents.get(node);
    if (!arrived || !flows.has(node) || node.stopsGradient) continue;
    const wants = sourcesOf(node).map((input) => input !== undefined && flows.has(input.node) && isFloat(input));
    if (wants.includes(true)) contributionsOf(node, arrived, wants).forEach(arrive);
  }
  return cotangents;
};
