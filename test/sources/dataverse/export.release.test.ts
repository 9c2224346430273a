import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { DataverseSourceSchema } from '../../../src/config/dataverse-config';
import { run } from '../../cli/terminal';
import { AUDIENCE, CROWD, type Stage, openStage, reportOf, workerLogs } from '../../support/stage';
import { until } from '../../support/until';
import { Fixture, KEY, MEMBERS, PROFILES } from './fixture';

const PAGE = resolve(__dirname, '../../../docs/source-dataverse.md');

let fixture: Fixture;
let stage: Stage;

/** @param modified when Customer Insights wrote it */
function publish(people: typeof CROWD, modified: string): void {
  const rows = people.map(({ id, email, first, last, country }) => [id, email, first!, last!, country!]);
  fixture.dataverse.put({
    name: PROFILES,
    columns: ['id', 'email', 'first', 'last', 'country'],
    rows,
    modified,
  });
  const memberships = people.map(({ id }) => [
    id,
    JSON.stringify({ Segments: [Number(id) < 3 ? 'vip' : 'north'] }),
  ]);
  fixture.dataverse.put({ name: MEMBERS, columns: [KEY, 'msdynci_segments'], rows: memberships, modified });
  fixture.putMetadata([
    ['north', 'North'],
    ['vip', 'VIP'],
  ]);
}

beforeEach(async () => {
  fixture = await Fixture.make();
  stage = await openStage();
  process.env['DATAVERSE_SECRET'] = fixture.dataverse.credentials.clientSecret;
  const source = fixture.input({
    clientSecret: 'env:DATAVERSE_SECRET',
    profiles: { key: 'id' },
    pageSize: 3,
    quietMinutes: 1,
  });
  Object.assign(stage.config.sources, { people: source });
});

afterEach(async () => {
  await stage.close();
  await fixture.remove();
});

describe('an export from Dataverse', () => {
  test('waits while Customer Insights refreshes, sends people with their tags, and untags who has left', async () => {
    publish(CROWD, new Date().toISOString());
    await stage.withWorker(async () => {
      await stage.connect();
      await stage.configure();
      const handle = await stage.client.start(stage.destinationId);
      await until(async () => inspect(await stage.progress(), { depth: 9 }).includes('SOURCE_UNAVAILABLE'));
      publish(CROWD, '2026-01-05T02:00:00Z');
      expect(await reportOf(handle)).toMatchObject({
        status: 'completed',
        outcomes: { created: CROWD.length },
      });
      publish(CROWD.slice(1), '2026-01-06T02:00:00Z');
      expect(await stage.export()).toMatchObject({ status: 'completed' });
    });
    expect(stage.sandbox.state(AUDIENCE)).toMatchObject({
      members: CROWD.length,
      tags: { VIP: 1, North: 6 },
    });
    const said = workerLogs.join('\n');
    expect(said).not.toContain(fixture.dataverse.credentials.clientSecret);
    expect(said).not.toMatch(/token-[0-9a-f]{8}|skiptoken/);
  });

  test('config check, source check, source segments and source preview read it', async () => {
    publish(CROWD, '2026-01-05T02:00:00Z');
    const { sources } = stage.config;
    const file = join(fixture.folder, 'temporal-mailchimp.yaml');
    await writeFile(file, stringify({ accounts: {}, sources }));
    const cli = (command: string) => run([...command.split(' '), '--config', file]);
    expect(await cli('config check')).toMatchObject({ code: 0, errors: '' });
    const checked = await cli('source check');
    expect(checked).toMatchObject({ code: 0, errors: '' });
    expect(checked.output).toMatch(/8 profiles with 5 attributes[^]*north +North +6\nvip +VIP +2/);
    expect((await cli('source segments')).output).toMatch(/vip +VIP/);
    expect((await cli('source preview vip')).output).toContain('person000001@mail.chinook.org');
    process.env['DATAVERSE_SECRET'] = 'not-the-secret';
    const refused = await cli('config check');
    expect(refused.code).toBe(1);
    expect(refused.output + refused.errors).toMatch(/sources\.people: .*invalid_client/);
    expect(refused.output + refused.errors).not.toContain('not-the-secret');
  });
});

test('the configurations of docs/source-dataverse.md are read', async () => {
  const blocks = [...(await readFile(PAGE, 'utf8')).matchAll(/```yaml\n([^]*?)```/g)];
  expect(blocks.length).toBeGreaterThan(1);
  for (const [, block = ''] of blocks) {
    const { sources } = parse(block) as { sources: object };
    for (const source of Object.values(sources)) DataverseSourceSchema.parse(source);
  }
});
