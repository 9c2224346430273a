import { CancellationScope } from '@temporalio/workflow';

type Results<Work extends readonly (() => Promise<unknown>)[]> = {
  -readonly [Index in keyof Work]: Awaited<ReturnType<Work[Index]>>;
};

/** Runs work at the same time. When one of it fails, the rest is cancelled, and has ended when this throws the failure. */
export function runTogether<const Work extends readonly (() => Promise<unknown>)[]>(
  ...work: Work
): Promise<Results<Work>> {
  return CancellationScope.cancellable(async () => {
    const running = work.map((start) => start());
    try {
      return (await Promise.all(running)) as Results<Work>;
    } catch (error) {
      CancellationScope.current().cancel();
      await Promise.allSettled(running);
      throw error;
    }
  });
}
