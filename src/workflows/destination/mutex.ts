/** Handlers that await must not interleave, and the SDK has no lock of its own. First come, first served. */
export class Mutex {
  private tail: Promise<unknown> = Promise.resolve();

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.tail.then(work);
    this.tail = mine.catch(() => undefined);
    return mine;
  }
}
