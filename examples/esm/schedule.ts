// Exports a destination every morning by a Temporal Schedule, starts one of its refreshes now, and prints what became of it.
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { ExportClient, ExportError } from 'temporal-mailchimp/client';

const {
  TEMPORAL_ADDRESS = '127.0.0.1:7233',
  TASK_QUEUE = 'mailchimp',
  DESTINATION = 'newsletter',
  SCHEDULE = 'every-morning',
} = process.env;

async function scheduleExports({ schedule }: ExportClient): Promise<void> {
  // To create it again with the same settings changes nothing.
  const { next } = await schedule.create(SCHEDULE, {
    targets: { destinations: [DESTINATION] },
    daily: ['06:30'],
    timezone: 'Europe/Berlin', // a time that the clock skips in spring is made up
  });
  console.error(`next: ${next[0]}`);

  await schedule.trigger(SCHEDULE); // unless one of the schedule runs
  for (;;) {
    const [last] = (await schedule.show(SCHEDULE)).runs;
    if (last?.report) return console.log(JSON.stringify(last.report.destinations));
    await delay(500);
  }
}

// Lazy: the first request connects, and ExportClient says so if there is no server.
const connection = Connection.lazy({ address: TEMPORAL_ADDRESS });
try {
  await scheduleExports(new ExportClient({ client: new Client({ connection }), taskQueue: TASK_QUEUE }));
} catch (error) {
  if (!(error instanceof ExportError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await connection.close();
}
