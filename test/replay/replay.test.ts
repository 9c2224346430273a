import { describe, expect, test } from '@jest/globals';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { HistoryStore } from './history-store';
import { replay } from './replaying';

// The SDK logs a long warning for each history that does not match.
Runtime.install({
  logger: new DefaultLogger('ERROR', () => undefined),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
});

const store = new HistoryStore();

interface Recorded {
  readonly version: string;
  readonly name: string;
}

interface Event {
  readonly eventId: string;
  readonly eventType: string;
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { name: string } };
}

const versions = store.versions();
const recorded = versions.flatMap((version) => store.names(version).map((name) => ({ version, name })));

const read = ({ version, name }: Recorded) => store.readText(version, name);
const eventsOf = (history: Recorded) => (JSON.parse(read(history)) as { events: Event[] }).events;
const scheduled = (event: Event) => event.activityTaskScheduledEventAttributes?.activityType;

/** With the payloads, which are base64, in plain text. */
function plainText(history: Recorded): string {
  return JSON.stringify(JSON.parse(read(history)), (key, inner: unknown) =>
    key === 'data' && typeof inner === 'string' ? Buffer.from(inner, 'base64').toString('utf8') : inner,
  );
}

/** Lowers the ids of the events from `first` on: a gap is refused before anything is replayed. */
function renumbered(events: readonly Event[], first: number, by: number): unknown {
  const text = JSON.stringify(events, (key, inner: unknown) =>
    /eventId$/i.test(key) && Number(inner) >= first ? String(Number(inner) - by) : inner,
  );
  return JSON.parse(text);
}

describe('a recorded history', () => {
  test.each(recorded)('of $version replays with the workflows as they are now: $name', async (history) => {
    await expect(replay(JSON.parse(read(history)))).resolves.toBeUndefined();
  });

  test.each(recorded)('of $version fails to replay when an activity differs: $name', async (history) => {
    const events = eventsOf(history);
    const activity = scheduled(events.find(scheduled)!)!;
    activity.name = 'mailchimp.somethingElse';
    await expect(replay({ events })).rejects.toThrow(DeterminismViolationError);
  });

  test.each(versions)('of %s fails to replay when an activity is missing', async (version) => {
    const events = eventsOf({ version, name: 'export-first' });
    // Scheduled, started, completed.
    const last = events.findLastIndex(scheduled);
    const without = renumbered(events.toSpliced(last, 3), last + 1, 3);
    await expect(replay({ events: without })).rejects.toThrow(DeterminismViolationError);
  });

  test.each(recorded)('of $version contains no contact and no path of the machine: $name', (history) => {
    const text = plainText(history);
    expect(text).not.toMatch(/chinook|person0|First0|Last0|Newname/);
    expect(text).not.toMatch(/127\.0\.0\.1|localhost|\/(?:tmp|home|root|Users|var|work)\//);
    expect(text).not.toMatch(/\d+@[\w.-]+/);
    expect(read(history).length).toBeLessThan(150_000);
  });
});

test('recorded histories cover continue-as-new, upserts and untags, cancellation, pause and stop, removal', () => {
  expect(versions).not.toEqual([]);
  for (const version of versions) {
    const text = (name: string) => plainText({ version, name });
    expect(text('destination-first-run')).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
    expect(text('destination-removed')).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED');
    expect(text('destination-removed')).toContain('mailchimp.discardDestination');
    expect(text('export-upserts-and-untags')).toContain('"kind\\":\\"untag');
    expect(text('export-cancelled')).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED');
    expect(text('export-paused-stopped-resumed')).toMatch(/KEY_(REVOKED|INVALID)/);
  }
});
