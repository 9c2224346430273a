import { sleep } from '@temporalio/workflow';

/** Returns the milliseconds that passed by the workflow's clock. */
export async function sleepThreeHours(): Promise<number> {
  const start = Date.now();
  await sleep('3 hours');
  return Date.now() - start;
}
