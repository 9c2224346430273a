import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { replay } from './replaying';

// The SDK tells at length of each history that does not fit.
Runtime.install({
  logger: new DefaultLogger('ERROR', () => undefined),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
});

const HISTORIES = join(__dirname, 'histories');

interface Event {
  readonly eventId: string;
  readonly eventType: string;
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { name: string } };
}

const read = (file: string) => readFileSync(join(HISTORIES, file), 'utf8');
const eventsOf = (file: string) => (JSON.parse(read(file)) as { events: Event[] }).events;
const scheduled = (event: Event) => event.activityTaskScheduledEventAttributes?.activityType;

/** With the payloads, which are base64, in plain text. */
function plainText(file: string): string {
  return JSON.stringify(JSON.parse(read(file)), (key, inner: unknown) =>
    key === 'data' && typeof inner === 'string' ? Buffer.from(inner, 'base64').toString('utf8') : inner,
  );
}

/** Moves all numbers of events from `first` on down: a gap would be refused before anything is replayed. */
function renumbered(events: readonly Event[], first: number, by: number): unknown {
  const text = JSON.stringify(events, (key, inner: unknown) =>
    /eventId$/i.test(key) && Number(inner) >= first ? String(Number(inner) - by) : inner,
  );
  return JSON.parse(text);
}

const files = readdirSync(HISTORIES);

describe('a recorded history', () => {
  test.each(files)('is still what the workflows do: %s', async (file) => {
    await expect(replay(JSON.parse(read(file)))).resolves.toBeUndefined();
  });

  test.each(files)('is noticed when it differs from what the workflows do: %s', async (file) => {
    const events = eventsOf(file);
    const name = scheduled(events.find(scheduled)!)!;
    name.name = 'mailchimp.somethingElse';
    await expect(replay({ events })).rejects.toThrow(DeterminismViolationError);
  });

  test('is noticed when a step is missing in it', async () => {
    const events = eventsOf('export-first.json');
    // Scheduled, started, completed.
    const last = events.findLastIndex(scheduled);
    const without = renumbered(events.toSpliced(last, 3), last + 1, 3);
    await expect(replay({ events: without })).rejects.toThrow(DeterminismViolationError);
  });

  test('covers what it must: hand-over, upserts and untags, cancellation, pause and stop, removal', () => {
    const texts = new Map(files.map((file) => [file, plainText(file)]));
    expect(texts.get('destination-first-run.json')).toContain(
      'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW',
    );
    expect(texts.get('destination-removed.json')).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED');
    expect(texts.get('destination-removed.json')).toContain('mailchimp.discardDestination');
    expect(texts.get('export-upserts-and-untags.json')).toContain('"kind\\":\\"untag');
    expect(texts.get('export-cancelled.json')).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED');
    expect(texts.get('export-paused-stopped-resumed.json')).toContain('KEY_REVOKED');
  });

  test.each(files)('tells nothing of people or of the machine it was recorded on: %s', (file) => {
    const text = plainText(file);
    expect(text).not.toMatch(/chinook|person0|First0|Last0|Newname/);
    expect(text).not.toMatch(/127\.0\.0\.1|localhost|\/(?:tmp|home|root|Users|var|work)\//);
    expect(text).not.toMatch(/\d+@[\w.-]+/);
    expect(read(file).length).toBeLessThan(150_000);
  });
});
