/** Runs work for each item, `most` at a time. After a failure it starts no more, and throws it once what was running has ended. */
export async function mapAtOnce<Item, Result>(
  items: readonly Item[],
  most: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  let hasFailed = false;

  async function workThrough(): Promise<void> {
    for (const [index, item] of queue) {
      if (hasFailed) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  }

  const workers = await Promise.allSettled(Array.from({ length: most }, workThrough));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
  return results;
}
