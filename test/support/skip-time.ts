import { TestWorkflowEnvironment } from '@temporalio/testing';

const TRIES = 5;

/** Starts a server that skips time. The SDK gives it five seconds to start, which is short for a JVM on a busy machine. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = process.env['TEST_SERVER_PATH'];
  if (!path) throw new Error('TEST_SERVER_PATH is not set: run the tests with jest');
  const server = { executable: { type: 'existing-path' as const, path } };
  for (let left = TRIES; ; left -= 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({ server });
    } catch (error) {
      if (left <= 1 || !String(error).includes('did not start within')) throw error;
    }
  }
}
