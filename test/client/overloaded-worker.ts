import { condition, defineQuery, setHandler } from '@temporalio/workflow';

/** A destination on a worker without processor time: the SDK ends each query after five seconds. */
export async function mailchimpDestination(): Promise<void> {
  setHandler(defineQuery('state'), () => {
    throw new Error('Script execution timed out after 5000ms');
  });
  await condition(() => false);
}
