import { readFile, readdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkerConfigInput } from '../../src/config/config';
import { Lake } from '../sources/cdm/lake';
import { FakeDataverse } from '../support/dataverse/fake-dataverse';
import { INSTALL_TIMEOUT_MS } from '../support/install-by-apt';
import { type TestBucket, type TestStore, startAzure, startS3 } from '../support/object-stores';
import { AUDIENCE_SEED, CROWD, CROWD_MEMBERS } from '../support/stage';
import { openScene, startWorker, type Scene } from './scene';

const KINDS = ['files in S3', 'cdm in Azure', 'sql'] as const;
type Kind = (typeof KINDS)[number];

interface Walk {
  readonly source: WorkerConfigInput['sources'][string];
  readonly email: string;
  readonly first: string;
  readonly segment: string;
  /** Who reads it. */
  readonly identity: string;
  readonly exported: number;
}

/** An audience belongs to one destination. */
const AUDIENCES = KINDS.map((_, index) => ({ ...AUDIENCE_SEED, id: `c417f00d0${index}` }));
const USER = `OS user ${userInfo().username}`;

let scene: Scene;
let lake: Lake;
let dataverse: FakeDataverse;
let stores: readonly TestStore[];
let walks: Readonly<Record<Kind, Walk>>;
let stopWorker: () => Promise<void>;

beforeAll(async () => {
  scene = await openScene({ sandbox: { audiences: AUDIENCES } });
  lake = await Lake.make({ sample: true });
  dataverse = await FakeDataverse.start();
  stores = [await startS3(), await startAzure()];
  const [s3, azure] = stores.map((store) => store.at(store.url)) as [TestBucket, TestBucket];
  await putShop(s3);
  await putLake(azure);
  walks = {
    'files in S3': filesIn(s3),
    'cdm in Azure': lakeIn(azure),
    sql: await overTwoKinds(),
  };
  Object.assign(
    scene.config.sources,
    Object.fromEntries(Object.entries(walks).map(([kind, { source }]) => [nameOf(kind as Kind), source])),
  );
  await scene.writeConfig({ destinations: {} });
  stopWorker = await startWorker(scene);
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await stopWorker();
  await scene.close();
  await lake.remove();
  await dataverse.close();
  for (const store of stores) await store.close();
});

const nameOf = (kind: Kind) => kind.toLowerCase().replaceAll(' ', '-');
const csv = (rows: readonly (readonly (string | undefined)[])[]) =>
  rows.map((row) => `${row.map((value) => value ?? '').join(',')}\n`).join('');

async function putShop(bucket: TestBucket): Promise<void> {
  const people = CROWD.map(({ id, email, first }) => [id, email, first]);
  await bucket.put('shop/people.csv', csv([['id', 'email', 'first'], ...people]));
  await bucket.put('shop/members.csv', csv([['id', 'segment'], ...CROWD_MEMBERS]));
}

/** A copy of the sample. */
async function putLake(bucket: TestBucket): Promise<void> {
  const entries = await readdir(lake.root, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const file = join(entry.parentPath, entry.name);
    await bucket.put(`lake/${relative(lake.root, file)}`, await readFile(file));
  }
}

function filesIn(bucket: TestBucket): Walk {
  return {
    source: {
      kind: 'files',
      ...bucket.settings('shop'),
      profiles: { path: 'people.csv', key: 'id' },
      segments: { vip: { members: { path: 'members.csv', key: 'id', segment: 'segment' } } },
    },
    email: 'email',
    first: 'first',
    segment: 'vip',
    identity: USER,
    exported: 2,
  };
}

function lakeIn(bucket: TestBucket): Walk {
  return {
    source: { kind: 'cdm', ...bucket.settings('lake') },
    email: 'EMail',
    first: 'FirstName',
    segment: 'HighValueSegment',
    identity: USER,
    // One of five has no address that can be sent.
    exported: 4,
  };
}

/** Profiles in Dataverse, and what they have bought in a file. */
async function overTwoKinds(): Promise<Walk> {
  const { url, credentials } = dataverse;
  const { tenantId, clientId, clientSecret } = credentials;
  await writeFile(join(scene.folder, 'secret'), clientSecret);
  await writeFile(
    join(scene.folder, 'orders.csv'),
    csv([['customer', 'total'], ...CROWD.map(({ id }, index) => [id, String(index * 10)])]),
  );
  dataverse.put({
    name: 'msdynci_customerprofile',
    columns: ['msdynci_customerid', 'msdynci_email', 'msdynci_firstname'],
    rows: CROWD.map(({ id, email, first }) => [id, email, first ?? null]),
  });
  const environment = { url, authority: url, tenantId, clientId, clientSecret: 'file:secret' };
  return {
    source: {
      kind: 'sql',
      tables: {
        insights: { kind: 'dataverse', ...environment, table: 'msdynci_customerprofile' },
        orders: { kind: 'files', path: 'orders.csv' },
      },
      profiles: {
        sql: 'SELECT i.*, o.total FROM insights i LEFT JOIN orders o ON o.customer = i.msdynci_customerid',
        key: 'msdynci_customerid',
      },
      segments: {
        buyers: {
          name: 'Buyers',
          sql: 'SELECT msdynci_customerid FROM profiles WHERE CAST(total AS INT) >= 50',
        },
      },
    },
    email: 'msdynci_email',
    first: 'msdynci_firstname',
    segment: 'buyers',
    identity: `application ${clientId}, ${USER}`,
    exported: 3,
  };
}

test.each(KINDS)(
  'setup by flags leads through every step, to the segment in the audience: %s',
  async (kind) => {
    const { email, first, segment, identity, exported } = walks[kind];
    const [id, audience] = [`${scene.destinationId}-${nameOf(kind)}`, AUDIENCES[KINDS.indexOf(kind)]!.id];
    const { code, errors } = await scene.cli(
      `setup ${id} --source ${nameOf(kind)} --display-name "By flags" --agree --as Kim --audience ${audience} ` +
        `--email ${email} --field FNAME=${first} --segment ${segment}=Best --export`,
    );
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' });
    expect(scene.sandbox.state(audience)).toMatchObject({ members: exported, tags: { Best: exported } });
    expect((await scene.client.describe(id)).exportUser).toBe(`Kim (${identity})`);
  },
);

test('a source that only a worker has is none of the configuration file, and setup says so', async () => {
  const { code, errors } = await scene.cli(
    `setup ${scene.destinationId} --source crm --display-name Letter --agree --as Kim --audience ${AUDIENCES[0]!.id} --email email --segment vip`,
  );
  expect(code).toBe(1);
  expect(errors).toMatch(/^SOURCE_NOT_FOUND: .*"crm".*destination connect/m);
});
