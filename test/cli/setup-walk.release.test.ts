import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { userInfo } from 'node:os';
import { parse } from 'yaml';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { WorkerConfigInput } from '../../src/config/config';
import { Fixture, PASSWORD, READER, makeReader } from '../sources/postgres/fixture';
import { FakeDataverse } from '../support/dataverse/fake-dataverse';
import { Lake } from '../sources/cdm/lake';
import { INSTALL_TIMEOUT_MS } from '../support/install-by-apt';
import { startPostgres, type PostgresServer } from '../support/postgres-server';
import { AUDIENCE, AUDIENCE_SEED, CROWD, CROWD_MEMBERS } from '../support/stage';
import { printOnTerminal, printToPipe, type Printed } from './pseudo-terminal';
import { openScene, startWorker, type Scene } from './scene';

const PAGE = resolve(__dirname, '../../docs/setup.md');

/** An audience belongs to one destination. */
const OTHER = 'c417f00d6e';

const ENTER = '\r';
const DOWN = '\u001b[B';
const ESCAPE = '\u001b';
const CTRL_C = '\u0003';
const CLEAR = '\u0015';

const CDM_ATTRIBUTES = [
  ['CustomerId', 'FirstName', 'LastName', 'EMail', 'Country', 'City', 'Telephone', 'LoyaltyTier'],
  ['BirthDate', 'EmailOptIn', 'CreatedOn', 'LifetimeValue'],
].flat();

const DATAVERSE_ATTRIBUTES = ['msdynci_customerid', 'msdynci_email', 'msdynci_firstname'];

/** Customer Insights lists one segment, with every second one of the crowd. */
function putPeople(environment: FakeDataverse): void {
  environment.put({
    name: 'msdynci_customerprofile',
    columns: DATAVERSE_ATTRIBUTES,
    rows: CROWD.map(({ id, email, first }) => [id, email, first ?? null]),
  });
  environment.put({
    name: 'msdynci_segmentmembership',
    columns: ['msdynci_customerid', 'msdynci_segments'],
    rows: CROWD.filter((_, index) => index % 2 === 0).map(({ id }) => [id, '{"Segments":["HighValue"]}']),
  });
  environment.put({
    name: 'mscipriv_segmentmetadata',
    columns: ['mscipriv_name', 'mscipriv_friendlyname'],
    rows: [['HighValue', 'HighValue']],
  });
}

interface Kind {
  readonly source: WorkerConfigInput['sources'][string];
  readonly email: string;
  readonly first: string;
  readonly segment: string;
  /** Who reads it. */
  readonly identity: string;
  readonly attributes: readonly string[];
  readonly profiles: number;
  /** Profiles of the segment that Mailchimp takes. */
  readonly exported: number;
}

let server: PostgresServer;
let fixture: Fixture;
let lake: Lake;
let dataverse: FakeDataverse;
let scene: Scene;
let stopWorker: () => Promise<void>;
let kinds: Readonly<Record<string, Kind>>;

beforeAll(async () => {
  server = await startPostgres();
  await makeReader(server);
}, INSTALL_TIMEOUT_MS);
afterAll(() => server.close());

beforeEach(async () => {
  fixture = await Fixture.make(server);
  lake = await Lake.make({ sample: true });
  dataverse = await FakeDataverse.start();
  scene = await openScene({ sandbox: { audiences: [AUDIENCE_SEED, { ...AUDIENCE_SEED, id: OTHER }] } });
  await scene.writeProfiles(CROWD);
  await scene.writeMembers(CROWD_MEMBERS);
  const people = `${fixture.schema}.people`;
  await fixture.table(
    'people',
    ['id', 'email', 'first'],
    CROWD.map(({ id, email, first }) => [id, email, first ?? null]),
  );
  await writeFile(join(scene.folder, 'password'), PASSWORD);
  await writeFile(join(scene.folder, 'secret'), dataverse.credentials.clientSecret);
  putPeople(dataverse);
  const user = `OS user ${userInfo().username}`;
  kinds = {
    files: {
      source: scene.config.sources['people']!,
      email: 'email',
      first: 'first',
      segment: 'vip',
      identity: user,
      attributes: ['id', 'email', 'first', 'last', 'country'],
      profiles: 2,
      exported: 2,
    },
    cdm: {
      source: { kind: 'cdm', root: lake.root },
      email: 'EMail',
      first: 'FirstName',
      segment: 'HighValueSegment',
      identity: user,
      attributes: CDM_ATTRIBUTES,
      profiles: 5,
      // One has no address that can be sent.
      exported: 4,
    },
    postgres: {
      source: {
        kind: 'postgres',
        connection: fixture.connection,
        profiles: { table: people, key: 'id' },
        segments: { vip: { sql: `SELECT id FROM ${people} WHERE id < '000004'` } },
      },
      email: 'email',
      first: 'first',
      segment: 'vip',
      identity: `role ${READER}`,
      attributes: ['id', 'email', 'first'],
      profiles: 3,
      exported: 3,
    },
    dataverse: {
      source: {
        kind: 'dataverse',
        url: dataverse.url,
        authority: dataverse.url,
        tenantId: dataverse.credentials.tenantId,
        clientId: dataverse.credentials.clientId,
        clientSecret: 'file:secret',
      },
      email: 'msdynci_email',
      first: 'msdynci_firstname',
      segment: 'HighValue',
      identity: `application ${dataverse.credentials.clientId}`,
      attributes: DATAVERSE_ATTRIBUTES,
      profiles: 4,
      exported: 4,
    },
    sql: {
      source: {
        kind: 'sql',
        tables: {
          people: { kind: 'postgres', connection: fixture.connection, table: people },
          lists: { kind: 'files', path: 'members.csv' },
        },
        profiles: { sql: 'SELECT id, email, first, upper(first) AS caps FROM people', key: 'id' },
        segments: { vip: { sql: "SELECT id FROM lists WHERE segment = 'vip'" } },
      },
      email: 'email',
      first: 'first',
      segment: 'vip',
      identity: `role ${READER}, ${user}`,
      attributes: ['id', 'email', 'first', 'caps'],
      profiles: 2,
      exported: 2,
    },
  };
});
afterEach(async () => {
  await stopWorker();
  await scene.close();
  await lake.remove();
  await dataverse.close();
  await fixture.remove();
});

/** A configuration file with this source alone, and a worker that has read it. */
async function begin({ source }: Kind): Promise<void> {
  Object.assign(scene.config.sources, { people: source });
  await scene.writeConfig({ destinations: {} });
  stopWorker = await startWorker(scene);
}

const configured = () => ['--config', scene.configFile];

/** Every step: what is shown, and what a user presses then. */
function walk({ first }: Kind, attributes: readonly string[]): [string, string][] {
  const steps: [string, string][] = [
    ['Display name', `${CLEAR}Letter${ENTER}`],
    ['Type "I agree" to agree', `I agree${ENTER}`],
    ['Your name', `Ada Lovelace${ENTER}`],
    ['Mailchimp audience ID', ENTER],
    ['Status of contacts', ESCAPE],
    ['Mailchimp audience ID', ENTER],
    ['Status of contacts', ENTER],
    ['Add yourself as export user', ENTER],
    ['Email', ENTER],
    // A column that is called FirstName is proposed, also with the prefix of Customer Insights.
    ['First name', DOWN.repeat(/firstname$/i.test(first) ? 0 : attributes.indexOf(first) + 1) + ENTER],
    ['Last name', ENTER],
    ['Matched:', `${DOWN}${ENTER}`],
    ['Add attribute', ENTER],
    ['Merge field for', ENTER],
    ['Tag of the new merge field', `${CLEAR}EXTRA${ENTER}`],
    ['Its name', ENTER],
    ['Its type', ENTER],
    ['Matched:', ENTER],
    ['Select segments', ' '],
  ];
  // The library marks the question that is asked now.
  return steps.map(([shown, keys]) => [`◆  ${shown}`, keys]);
}

const AFTER_SEGMENTS: readonly [string, string][] = [
  ['◆  Tags that these segments become', ENTER],
  ['◆  Save', ENTER],
];

describe.each(['files', 'cdm', 'postgres', 'dataverse', 'sql'])(
  'setup against a source of kind %s',
  (name) => {
    const kind = () => kinds[name]!;

    test('leads on a terminal and by flags, through every step, to the segment in the audience', async () => {
      await begin(kind());
      const { email, first, segment, profiles, exported, identity, attributes } = kind();
      const id = scene.destinationId;
      const walked = await printOnTerminal(['setup', id, ...configured()], {
        columns: 100,
        type: [
          ...walk(kind(), attributes),
          [`Total: ${profiles} profiles`, ENTER],
          ...AFTER_SEGMENTS,
          ['◆  Export "', 'y'],
        ],
      });
      expect({ code: walked.code, lines: walked.code === 0 ? [] : walked.lines }).toEqual({
        code: 0,
        lines: [],
      });
      expect(walked.output).toContain('Export 1 completed');
      expect(scene.sandbox.state(AUDIENCE).tags).toEqual({ [segment]: exported });
      expect((await scene.client.describe(id)).exportUser).toBe(`Ada Lovelace (${identity})`);
      expect(parse(await readFile(scene.configFile, 'utf8'))).toMatchObject({
        destinations: { [id]: { configure: { fields: { FNAME: first, EXTRA: expect.any(String) } } } },
      });
      const inPage = name === 'files' ? await transcript() : [];
      expect(shownOf(walked, inPage)).toEqual(inPage);

      const flags = await printToPipe(
        [
          ['setup', `${id}-flags`, '--display-name', 'By flags', '--agree', '--as', 'Kim'],
          ['--audience', OTHER, '--email', email, '--field', `FNAME=${first}`],
          ['--segment', `${segment}=Best`, '--export'],
          configured(),
        ].flat(),
      );
      expect({ code: flags.code, errors: flags.code === 0 ? '' : flags.errors }).toEqual({
        code: 0,
        errors: '',
      });
      expect(scene.sandbox.state(OTHER).tags).toEqual({ Best: exported });
      expect((await scene.client.describe(`${id}-flags`)).exportUser).toBe(`Kim (${identity})`);
    });

    test('leaves everything as it was at Ctrl-C on the last question of a terminal', async () => {
      await begin(kind());
      const before = await readFile(scene.configFile, 'utf8');
      const { profiles, attributes } = kind();
      const { code, output } = await printOnTerminal(
        ['setup', scene.destinationId, '--no-plan', ...configured()],
        {
          columns: 100,
          type: [
            ...walk(kind(), attributes),
            [`Total: ${profiles} profiles`, ENTER],
            ['◆  Tags that these segments become', ENTER],
            ['◆  Save', CTRL_C],
          ],
        },
      );
      expect(code).toBe(130);
      expect(output).toContain('Nothing was changed.');
      expect(await readFile(scene.configFile, 'utf8')).toBe(before);
      expect(scene.sandbox.requests().filter(({ method }) => method !== 'GET')).toEqual([]);
    });
  },
);

/** The lines of the transcript in the documentation: those that are indented. */
async function transcript(): Promise<readonly string[]> {
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  return lines.filter((line) => line.startsWith('    ')).map((line) => line.slice(4));
}

/** Those of the lines that were shown, in their order. A question that is drawn again may stand behind other text. */
function shownOf({ lines }: Printed, wanted: readonly string[]): readonly string[] {
  const text = lines.join('\n');
  let seen = 0;
  return wanted.filter((line) => {
    const at = text.indexOf(line, seen);
    if (at >= 0) seen = at + line.length;
    return at >= 0;
  });
}
