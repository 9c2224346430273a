/** Lets at most so many pieces of work run at once; the others wait, first come first served. */
export function createSlots(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < most) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The slot passes on as it is: counting down first would let somebody else in between.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
