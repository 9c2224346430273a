import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { readCron } from '../../src/contract/cron';
import { ScheduleSettingsSchema } from '../../src/contract/schedule';
import { whyNever } from '../../src/contract/never-starts';

const EXPRESSIONS = [
  '0 3 * * *',
  '*/15 * * * *',
  '0 3 13 * 5',
  '0 3 * jan,MAR mon-fri',
  '0 3 * * 7',
  '0 3 * * 0-7',
  '@daily',
  '@every 1h',
  '@every 1h/5m',
  '@midnight',
  '@weekly',
  '@monthly',
  '@hourly',
  '@annually',
  '0 3 * * * 2090',
  '0 0 3 * * * 2090',
  'CRON_TZ=Europe/Berlin 0 3 * * *',
  '0 3 * * * # at three',
  '0 3 * * monday',
  '0 3 * december *',
  '0 3 */2 * *',
  '0 3 5/10 * *',
  ' 0  3 * * * ',
  '0,30 3 * * *',
  '0 3 29 2 *',
  '0 3 * * mon-1',
  '0 3 * sept *',
  '0 3 * * thur',
  // That no day matches.
  '30 2 30 2 *',
  '0 3 31 4,6,9,11 *',
  '0 3 * * * 2020',
  '0 3 31 feb mon',
  // That are none.
  '61 * * * *',
  '0 24 * * *',
  '0 3 0 * *',
  '0 3 1 13 *',
  '0 3 * * 8',
  '0 3 * * * 2150',
  '* * *',
  '@foo',
  '0 3 ? * *',
  '0 3 L * *',
  '5-1 * * * *',
  '0 3 * * fri-mon',
  '0 3 1-31/0 * *',
  '0 3 ,1 * *',
  '@reboot',
  '-1 * * * *',
  '1.5 * * * *',
  '0 3 1-5-7 * *',
  '0 3 */ * *',
  '@Yearly',
  '0 3 * x *',
  '',
];

type Reading = 'starts' | 'never starts' | 'refused';

function ours(expression: string): Reading {
  if (typeof readCron(expression) === 'string') return 'refused';
  const settings = ScheduleSettingsSchema.parse({ targets: { all: true }, cron: [expression] });
  return whyNever(settings, Date.now()) === undefined ? 'starts' : 'never starts';
}

describe('a cron expression', () => {
  let connection: Connection;

  beforeAll(async () => {
    connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
  });

  afterAll(async () => {
    await connection.close();
  });

  async function ofServer(expression: string): Promise<Reading> {
    const { schedule } = new Client({ connection });
    const scheduleId = `cron-${randomUUID()}`;
    const action = { type: 'startWorkflow', workflowType: 'none', taskQueue: scheduleId } as const;
    try {
      const spec = { cronExpressions: [expression] };
      const handle = await schedule.create({ scheduleId, spec, action, state: { paused: true } });
      const { info } = await handle.describe();
      await handle.delete();
      return info.nextActionTimes.length > 0 ? 'starts' : 'never starts';
    } catch (error) {
      if (error instanceof TypeError || (error as Error).name === 'ServiceError') return 'refused';
      throw error;
    }
  }

  test('is read as the server reads it: which are none, and which no day matches', async () => {
    const read = await Promise.all(EXPRESSIONS.map(async (one) => [one, await ofServer(one)]));
    expect(EXPRESSIONS.map((one) => [one, ours(one)])).toEqual(read);
    expect(new Set(read.map(([, reading]) => reading)).size).toBe(3);
  });

  test.each([
    ['0 3 * *', 'five fields'],
    ['0 25 * * *', 'hour is from 0 to 23'],
    ['0 3 * foo *', 'month is from 1 to 12 (or jan to dec)'],
    ['0 3 * * 9', 'day of the week is from 0 to 7 (or sun to sat)'],
  ])('that is none says which field, and what is allowed: %s', (expression, message) => {
    expect(readCron(expression)).toContain(message);
  });
});
