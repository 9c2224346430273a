/** Processor time of this process for some work, in ms. */
async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** How many times as much processor time four times the work takes: 4 where each piece costs the same, 16 where it costs as much as there are pieces. A busy machine slows both. */
export async function growthAtFourTimes(
  pieces: number,
  work: (pieces: number) => Promise<unknown>,
): Promise<number> {
  await work(pieces / 4);
  const quarter = await processorTime(() => work(pieces / 4));
  return (await processorTime(() => work(pieces))) / quarter;
}
