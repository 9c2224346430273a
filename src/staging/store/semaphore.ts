/** Lets at most `max` pieces of work run at once; the others wait, first come first served. */
export function createSemaphore(max: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < max) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The slot passes on without counting down, which would let new work overtake the waiting one.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
