import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDependencies } from '../../src/activities/dependencies';
import { createTakeCensus } from '../../src/activities/take-census';
import type { MailchimpAccount } from '../../src/ports/mailchimp';
import type { CensusScope } from '../../src/contract/plan';
import type { Staging } from '../../src/ports/staging';
import { ExportError } from '../../src/errors';
import { createLimiter, openAccount } from '../../src/mailchimp';
import { type MemberSeed, type Sandbox, startSandbox } from '../../src/sandbox';
import { FolderStore, openStaging } from '../../src/staging';

const AUDIENCE = '1a2b3c4d5e';
const ref = { destinationId: 'newsletter', exportId: randomUUID() };

let folder: string;
let staging: Staging;
let sandbox: Sandbox;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'census-'));
  staging = await openStaging({ store: new FolderStore(folder), memoryLimit: '128MB' });
  await staging.claim(ref);
  sandbox = await startSandbox({
    audiences: [
      {
        id: AUDIENCE,
        name: 'Newsletter',
        members: [
          ...seed(2_500, 'subscribed', 'in'),
          ...seed(2_200, 'unsubscribed', 'out'),
          ...seed(1_200, 'archived', 'old'),
        ],
      },
    ],
  });
});
afterEach(async () => {
  await sandbox.close();
  await staging.close();
  await rm(folder, { recursive: true, force: true });
});

function seed(count: number, status: MemberSeed['status'], name: string): MemberSeed[] {
  return Array.from({ length: count }, (_, n) => ({ email_address: `${name}${n}@shop.test`, status }));
}

/** Reads the census; `before` runs before each page is read. */
async function take(scope: CensusScope, before: (page: number) => void = () => undefined) {
  const account = openAccount({
    apiKey: sandbox.apiKey,
    baseUrl: sandbox.url,
    limiter: createLimiter({ connections: 4 }),
  });
  let pages = 0;
  const watched: MailchimpAccount = {
    ...account,
    censusPage: (...page) => {
      before(pages);
      pages += 1;
      return account.censusPage(...page);
    },
  };
  const dependencies = { staging, openAccount: () => Promise.resolve(watched) };
  const takeCensus = createTakeCensus(dependencies as unknown as ActivityDependencies);
  const environment = new MockActivityEnvironment(
    {},
    { logger: new DefaultLogger('ERROR', () => undefined) },
  );
  const input = { ref, account: 'main', audienceId: AUDIENCE, scope, baseline: null };
  const summary: Awaited<ReturnType<typeof takeCensus>> = await environment.run(takeCensus, input);
  return { summary, pages };
}

test('a full census contains all members, including archived ones', async () => {
  const { summary } = await take('full');
  expect(summary).toMatchObject({
    members: 5_900,
    byStatus: { subscribed: 2_500, unsubscribed: 2_200, archived: 1_200 },
  });
});

test('a census of opt-outs contains only opted-out members, in a few requests', async () => {
  const { summary } = await take('optOuts');
  expect(summary).toEqual({
    members: 3_400,
    byStatus: { unsubscribed: 2_200, archived: 1_200 },
    requests: 6,
  });
});

test('no member is skipped between two pages while other members leave the listing', async () => {
  let archived = 0;
  const { summary } = await take('optOuts', (page) => {
    if (page === 0) return;
    for (let times = 0; times < 10; times++) {
      sandbox.control.act({ audience: AUDIENCE, email: `out${archived++}@shop.test`, action: 'archive' });
    }
  });
  expect(archived).toBeGreaterThan(0);
  expect(summary.members).toBe(3_400);
});

test('a retry reads only the pages that are not sealed', async () => {
  await expect(
    take('full', (page) => {
      if (page === 3) throw new ExportError('MAILCHIMP_UNAVAILABLE', 'away');
    }),
  ).rejects.toMatchObject({ code: 'MAILCHIMP_UNAVAILABLE' });
  const { summary, pages } = await take('full');
  expect(pages).toBeLessThan(7);
  expect(summary.members).toBe(5_900);
});
