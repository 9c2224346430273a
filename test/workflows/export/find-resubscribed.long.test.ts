import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FolderStore, openStaging } from '../../../src/staging';
import { subscriberHash } from '../../../src/mailchimp/subscriber-hash';
import type { Act } from '../../../src/sandbox/model/act';
import { AUDIENCE, openStage, person, type Stage } from '../../support/stage';
import { until } from '../../support/until';

/** A canary, and two chunks, of which the last has a part of its own: two batches. */
const PEOPLE = Array.from({ length: 620 }, (_, index) => person(index + 1));
const EMAILS = PEOPLE.map(({ email }) => email);
/** Members of the audience that fill the canary. */
const KNOWN = EMAILS.slice(0, 5);
/** With more known contacts than the last chunk takes, some are in each batch. */
const ARCHIVED = EMAILS.slice(100, 380);
const OPTED_OUT = EMAILS.slice(380, 400);

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  await stage.writeProfiles(PEOPLE);
  await stage.writeMembers(PEOPLE.map(({ id }) => [id, 'vip'] as const));
  for (const email of [...KNOWN, ...ARCHIVED, ...OPTED_OUT]) act(email, 'subscribe');
});

afterEach(() => stage.close());

const act = (email: string, action: Act['action']) =>
  stage.sandbox.control.act({ audience: AUDIENCE, email, action });
const statusOf = (emails: readonly string[]) => {
  const known = new Map([...stage.sandbox.members(AUDIENCE)].map((member) => [member.email, member.status]));
  return [...new Set(emails.map((email) => known.get(email)))];
};
const lookUps = () =>
  stage.sandbox
    .requests()
    .filter(({ route, status }) => route === '/lists/{list_id}/members/{subscriber_hash}' && status === 200)
    .reduce((sum, { count }) => sum + count, 0);

async function resubscribedOf(exportId: string) {
  const store = new FolderStore(join(stage.folder, 'staging'));
  const staging = await openStaging({ store, memoryLimit: '128MB' });
  try {
    return await staging.readFailures(
      { destinationId: stage.destinationId, exportId },
      { reason: 'resubscribed' },
    );
  } finally {
    await staging.close();
  }
}

test('contacts that were woken by a batch without an answer are looked up, counted and listed, and others are not', async () => {
  await stage.withWorker(async () => {
    await stage.connect();
    await stage.configure({ segments: { vip: 'VIP' } });
    stage.sandbox.control.set({ batchPolls: 1_000_000 });
    stage.sandbox.fail('stuck batch after 1');
    // Mailchimp goes on with a batch that it says to have deleted.
    stage.sandbox.fail('404 always on DELETE /batches/*');
    const { id } = await stage.client.start(stage.destinationId);
    await until(async () => (await stage.progress())?.batches === 2);
    for (const email of ARCHIVED) act(email, 'archive');
    for (const email of OPTED_OUT) act(email, 'unsubscribe');
    // The look-ups wait until the second batch has run.
    for (const email of ARCHIVED)
      stage.sandbox.fail(`429 always on GET /lists/*/members/${subscriberHash(email)}`);
    const before = lookUps();
    stage.sandbox.control.set({ batchPolls: 0 });
    await until(async () => (await stage.progress())?.state.kind === 'cancelling');
    expect(statusOf(ARCHIVED)).toEqual(expect.arrayContaining(['archived', 'subscribed']));
    stage.sandbox.control.releaseBatches();
    await until(async () => statusOf(ARCHIVED).join() === 'subscribed');
    stage.sandbox.clearFaults();

    const report = await stage.follow(id);
    expect(report).toMatchObject({
      status: 'failed',
      failure: {
        code: 'CONSENT_TRIPWIRE',
        message: expect.stringContaining(
          `show ${ARCHIVED.length} contacts with a status that was not requested`,
        ),
      },
    });
    expect(report.failure!.message).toContain(
      `temporal-mailchimp export rearchive ${stage.destinationId} ${report.number}`,
    );
    const listed = await resubscribedOf(id);
    expect(listed.map(({ email }) => email)).toEqual(ARCHIVED);
    expect(new Set(listed.map(({ text }) => text))).toEqual(new Set(['was archived']));
    // What is proven by the reply of the first batch needs no look-up.
    const found = listed.filter(({ outcome }) => outcome === 'unproven').length;
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThan(ARCHIVED.length);
    expect(lookUps() - before).toBeGreaterThanOrEqual(found);
    expect(lookUps() - before).toBeLessThan(ARCHIVED.length + OPTED_OUT.length);
    expect(statusOf(OPTED_OUT)).toEqual(['unsubscribed']);
  });
});
