import type { BackfillInput } from '../../client';
import { instant } from '../../text/format';
import { print, type Invocation } from '../shell/invocation';
import { withClient } from '../shell/temporal';

interface PauseOptions {
  readonly as: string;
  readonly reason?: string;
}

export async function pauseSchedule(
  invocation: Invocation,
  name: string,
  { as, reason }: PauseOptions,
): Promise<undefined> {
  const input = { by: as, ...(reason !== undefined && { reason }) };
  const view = await withClient(invocation, (client) => client.schedule.pause(name, input));
  print(invocation, {
    json: view,
    text: () =>
      `The schedule "${name}" is paused. A refresh that runs goes on.\nTo let it go on: temporal-mailchimp schedule unpause ${name} --as NAME`,
  });
}

export async function unpauseSchedule(
  invocation: Invocation,
  name: string,
  { as, reason }: PauseOptions,
): Promise<undefined> {
  const input = { by: as, ...(reason !== undefined && { reason }) };
  const view = await withClient(invocation, (client) => client.schedule.unpause(name, input));
  const [next] = view.next;
  print(invocation, {
    json: view,
    text: () =>
      `The schedule "${name}" goes on${next === undefined ? ', but has no times left' : `. Next: ${instant(next)}`}.`,
  });
}

export async function triggerSchedule(invocation: Invocation, name: string): Promise<undefined> {
  await withClient(invocation, async (client, { webUi }) => {
    const triggered = await client.schedule.trigger(name);
    const sentences = {
      started: 'A refresh was started.',
      skipped: 'Skipped: a refresh of this schedule is running.',
      requested: 'Requested: Temporal has not started the refresh yet.',
    };
    print(invocation, {
      json: triggered,
      text: () => `${sentences[triggered.result]}\nTo see it: temporal-mailchimp schedule show ${name}`,
      webUi: webUi.schedule(name),
    });
  });
}

export async function backfillSchedule(
  invocation: Invocation,
  name: string,
  options: BackfillInput,
): Promise<undefined> {
  const { from, to, overlap } = options;
  const input = { from, to, ...(overlap !== undefined && { overlap }) };
  const { times } = await withClient(invocation, (client) => client.schedule.backfill(name, input));
  print(invocation, {
    json: { times },
    text: () =>
      times.length === 0
        ? `The schedule "${name}" has no time in this range. Nothing was started.`
        : `A refresh was requested for each of these times:\n${times.map(instant).join('\n')}\nTo see them: temporal-mailchimp schedule show ${name}`,
  });
}

export async function deleteSchedule(invocation: Invocation, name: string): Promise<undefined> {
  await withClient(invocation, (client) => client.schedule.delete(name));
  print(invocation, {
    json: { name, deleted: true },
    text: () => `Deleted the schedule "${name}". A refresh that runs goes on.`,
  });
}
