import { combineMetrics, withSampleSizes } from "../../losses/combineMetrics.js";
import type { Tensors } from "../../tensor.js";

/** Numbers by name. */
export type Metrics = Readonly<Record<string, number>>;

/** Tensors with a prefix put before each name. */
export const withPrefix = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, value]) => [prefix + name, value]));

/** Those tensors whose names have the prefix, without it. */
export const withoutPrefix = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );

/** The scalars among a graph's outputs that are metrics, and what is made of them. */
export const metricsOf = (outputs: Tensors): Metrics =>
  withSampleSizes(
    Object.fromEntries(
      Object.entries(withoutPrefix("metric.", outputs)).map(([name, { data }]) => [name, Number(data[0])]),
    ),
  );

/** Metrics of two micro-batches as those of the whole. */
export const addMetrics: (a: Metrics, b: Metrics) => Metrics = combineMetrics;
