import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Fixture, PROFILES } from './fixture';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await Fixture.make();
});

/** A killed reading that no later one goes on with stays for two hours. */
afterEach(() => fixture.remove(1));

/** Starts a process that extracts, and kills it when it asks for this page. */
async function killAt(page: number, source: object): Promise<void> {
  let child: ChildProcess | undefined;
  fixture.dataverse.before = ({ table, page: asked }) => {
    if (table !== PROFILES || asked !== page) return undefined;
    child?.kill('SIGKILL');
    return 'silent';
  };
  const script = join(__dirname, 'extract.ts');
  const input = JSON.stringify({ folder: fixture.folder, source });
  child = spawn(process.execPath, [resolve(__dirname, '../../dev/run-ts.cjs'), script, input], {
    stdio: 'inherit',
  });
  await once(child, 'exit');
  fixture.dataverse.before = () => undefined;
}

test('a reading whose process was killed is gone on with from its last complete page, by the next one', async () => {
  fixture.putPeople(12);
  await killAt(4, fixture.input({ pageSize: 2 }));
  expect(fixture.pagesOf('msdynci_customerprofiles')).toEqual(['1', '2', '3', '4']);
  const [left = ''] = await fixture.left();
  // What a page leaves that was being written.
  await appendFile(join(fixture.scratch, left, 'profiles.csv'), '"p6","p6@nordl');
  const source = await fixture.open({ pageSize: 2 });
  const read = await fixture.extract(source, ['all']);
  expect(read).toMatchObject({ profiles: 12, selected: 12, members: [12] });
  expect(read.rows['p6']).toEqual(['p6@nordlichtpost.de']);
  expect(fixture.pagesOf('msdynci_customerprofiles').slice(4)).toEqual(['4', '5', '6']);
  expect(await readdir(fixture.scratch)).toEqual([]);
});

test('after a refresh, or with another configuration, nothing of a killed reading is used', async () => {
  fixture.putPeople(6);
  await killAt(3, fixture.input({ pageSize: 2 }));
  const other = await fixture.open({ pageSize: 3 });
  expect(await fixture.extract(other, ['all'])).toMatchObject({ profiles: 6 });
  fixture.putPeople(4, { modified: '2026-01-07T02:00:00Z' });
  const source = await fixture.open({ pageSize: 2 });
  expect(await fixture.extract(source, ['all'])).toMatchObject({ profiles: 4, selected: 4, members: [4] });
  expect(fixture.pagesOf('msdynci_customerprofiles')).toEqual(['1', '2', '3', '1', '2', '1', '2']);
  await expect(fixture.left()).resolves.toHaveLength(1);
});
