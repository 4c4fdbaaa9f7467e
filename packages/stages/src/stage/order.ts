import { fold, type Key, permutation } from "@msrl/core";

/**
 * The items of a step: `count` of them from `cursor` on, along an endless walk of epochs, each a fresh permutation of
 * its own key. A pure function of its arguments, so a resumed run sees the very items that an uninterrupted one sees.
 */
export const itemsAt = (key: Key, items: number, cursor: number, count: number): readonly number[] => {
  const orders = new Map<number, Int32Array>();
  return Array.from({ length: count }, (_, at) => {
    const epoch = Math.floor((cursor + at) / items);
    const order = orders.get(epoch) ?? permutation(fold(fold(key, "epoch"), epoch), items);
    orders.set(epoch, order);
    return order[(cursor + at) % items]!;
  });
};
