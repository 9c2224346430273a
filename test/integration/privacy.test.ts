import { appendFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { destinationWorkflowId, exportWorkflowId } from '../../src/contract/identifiers';
import { openStage, person, workerEntries, workerLogs, type Stage } from '../support/stage';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  await stage.close();
});

/** Payloads are base64 in a history's JSON: decoded, so that what is inside can be searched. */
function plainText(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) =>
    key === 'data' && typeof inner === 'string' ? Buffer.from(inner, 'base64').toString('utf8') : inner,
  );
}

/** Every run of the workflow, with what is not in the events: memo, search attributes, pending failures and heartbeats. */
async function everythingOf(workflowId: string): Promise<string[]> {
  const texts: string[] = [];
  const runs = stage.temporal.workflow.list({ query: `WorkflowId = '${workflowId}'` });
  for await (const { runId, raw } of runs) {
    const handle = stage.temporal.workflow.getHandle(workflowId, runId);
    texts.push(plainText(await handle.fetchHistory()));
    texts.push(plainText((await handle.describe()).raw), plainText(raw));
  }
  return texts;
}

test('no address, name or key of an export is found anywhere in Temporal, nor in the worker’s logs', async () => {
  const people = [1, 2, 3, 4, 5, 6].map((number) => person(number));
  const dirty = [
    person(7, { email: 'jürgen.secret@mail.chinook.org' }),
    person(8, { email: 'secret8@example.com' }),
    person(9, { email: 'secret9 at nowhere' }),
    person(10, { email: 'SECRET1@gmil.com' }),
  ];
  await stage.writeProfiles([...people, ...dirty]);
  await stage.writeMembers(
    [...people, ...dirty].map(({ id }, index) => [id, index % 2 ? 'vip' : 'north'] as const),
  );

  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    // Trouble writes failures into the history, which is where rows leak first.
    for (const fault of ['500 once on GET /batches/*', 'reset once on POST /batches', 'truncated result'])
      stage.sandbox.fail(fault);
    const first = await stage.export();
    expect(first.outcomes.created).toBeGreaterThan(0);
    expect(first.outcomes.invalid).toBeGreaterThan(0);
    expect(first.outcomes.rejected + first.outcomes.suppressed).toBeGreaterThan(0);
    await stage.writeProfiles(people.slice(1));
    await stage.export({ allowMassRemoval: true });
    // A broken line fails the snapshot, with a message of its own.
    await stage.writeProfiles([...people, person(11, { email: 'unclosed' })]);
    await appendFile(`${stage.folder}/profiles.csv`, '"000012","secret12@mail.chinook.org","Secretfirst"\n');
    expect(await stage.export()).toMatchObject({ status: 'failed', failure: { code: 'SOURCE_MALFORMED' } });
  });

  const texts = (
    await Promise.all(
      [destinationWorkflowId(stage.destinationId), exportWorkflowId(stage.destinationId)].map(everythingOf),
    )
  ).flat();
  texts.push(...workerLogs);
  const all = texts.join('\n');
  // The search itself works: what must be there is found.
  expect(all).toContain(stage.destinationId);
  expect(all).toContain('mailchimp.submitPart');
  expect(workerLogs.join('\n')).toContain('SOURCE_MALFORMED');
  const secrets = [
    ...[...people, ...dirty].flatMap(({ email, first = '', last = '' }) => [email, first, last]),
    'mail.chinook.org',
    'secret',
    stage.sandbox.apiKey,
    stage.sandbox.apiKey.split('-')[0] ?? '',
  ];
  const folded = all.toLowerCase();
  expect(secrets.filter((secret) => folded.includes(secret.toLowerCase()))).toEqual([]);
});

test('each line about an export has destination, export, step and attempt as fields', async () => {
  workerEntries.length = 0;
  const [ada, bo] = [person(1), person(2)];
  await stage.writeProfiles([ada, bo]);
  await stage.writeMembers([ada, bo].map(({ id }) => [id, 'vip'] as const));
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure();
    stage.sandbox.fail('500 once on GET /lists/{list_id}/segments');
    await stage.export();
    await appendFile(`${stage.folder}/profiles.csv`, '"000012","unclosed\n');
    await stage.export();
  });

  const { destinationId } = stage;
  const written = workerEntries.filter(({ meta }) =>
    ['activity', 'workflow'].includes(String(meta?.['sdkComponent'])),
  );
  expect(written.map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      'The export has started',
      'The snapshot is taken',
      'The plan is made',
      'The export has ended',
      'The export has ended without a report',
    ]),
  );
  // What the SDK says about our steps as well, once they have their input.
  const failed = workerEntries.filter(({ message }) => message === 'Activity failed');
  expect(failed.length).toBeGreaterThan(0);
  expect(new Set(written.map(({ meta }) => meta?.['export'])).size).toBe(2);
  for (const { meta } of [...written, ...failed])
    expect(meta).toMatchObject({
      destination: destinationId,
      export: expect.stringMatching(/^[0-9a-f-]{36}$/),
      step: expect.stringMatching(/^[a-zA-Z]+$/),
      attempt: expect.any(Number),
    });
});
