/** Lets at most so many pieces of work run at once, the others waiting in the order they came. */
export const gate = (places: number): (<Result>(work: () => Promise<Result>) => Promise<Result>) => {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
};
