import { createHash } from "node:crypto";
import type { Scorable } from "@msrl/core";

/** Numbers objects in the order in which they are met; other values tell themselves. */
const identities = (): ((value: unknown) => string) => {
  const numbers = new WeakMap<object, number>();
  let count = 0;
  return (value) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null)
      return `${typeof value} ${String(value)}`;
    const number = numbers.get(value) ?? count++;
    numbers.set(value, number);
    return `object ${number}`;
  };
};

/** A key that two completions share only if prompt and reference are the same objects, text, tokens and truncation equal. */
export const completionKey = <Reference>(): ((scorable: Scorable<Reference>) => string) => {
  const identity = identities();
  return ({ prompt, reference, completion: { text, tokenIds, truncated } }) =>
    createHash("sha256")
      .update(JSON.stringify([identity(prompt), identity(reference), truncated, text, Array.from(tokenIds)]))
      .digest("base64");
};
