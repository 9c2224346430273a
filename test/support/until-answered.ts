import { ExportError } from '../../src/client';
import { until } from './until';

/** Retries WORKER_NOT_RUNNING: the worker was just killed, or is busy. Requests carry an id, so a repeated one has no second effect. */
export async function untilAnswered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const { answer } = await until(async () => {
    try {
      return { answer: await ask() };
    } catch (error) {
      if (error instanceof ExportError && error.code === 'WORKER_NOT_RUNNING') return undefined;
      throw error;
    }
  });
  return answer;
}
