import { ExportError } from '../../src/client';
import { until } from './until';

const OUTAGES = ['WORKER_NOT_RUNNING', 'TEMPORAL_UNREACHABLE'];

/** Retries while worker or server do not answer: the worker was just killed, or one of them is busy. Requests carry an id, so a repeated one has no second effect. */
export async function untilAnswered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const { answer } = await until(async () => {
    try {
      return { answer: await ask() };
    } catch (error) {
      if (error instanceof ExportError && OUTAGES.includes(error.code)) return undefined;
      throw error;
    }
  });
  return answer;
}
