import { ExportError } from '../../src/client';
import { until } from './until';

/** Asks again where no worker answers: it has just been killed, or has its hands full. What it may have done by then, it does once. */
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
