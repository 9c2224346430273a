import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../../support/until';

const BUILT = resolve(__dirname, '../../../dist/staging/store/temporary-folder.js');
/** Works in a temporary folder without end, with the built package, as a command does. */
const PROGRAM = `
  require(${JSON.stringify(BUILT)}).withTemporaryFolder(async (folder) => {
    require('node:fs').writeFileSync(folder + '/rows', 'rows');
    console.log(folder);
    await new Promise(() => setInterval(() => undefined, 1000));
  });`;

let temporary: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'temporary-'));
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(temporary, { recursive: true });
});

async function startCommand(before = '') {
  const child = spawn(process.execPath, ['-e', before + PROGRAM], {
    env: { ...process.env, TMPDIR: temporary },
  });
  children.push(child);
  const [folder] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, folder: basename(folder.toString().trim()) };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a command that %s ends leaves no temporary folder',
  async (signal) => {
    const { child, folder } = await startCommand();
    expect(await readdir(temporary)).toEqual([folder]);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([null, signal]);
    expect(await readdir(temporary)).toEqual([]);
  },
);

test('a process that shuts down by a listener of its own is not ended by a signal', async () => {
  const shutDown = `
    const stop = () => { process.off('SIGTERM', stop); setTimeout(() => process.exit(7), 50); };
    process.on('SIGTERM', stop);`;
  const { child } = await startCommand(shutDown);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([7, null]);
  expect(await readdir(temporary)).toEqual([]);
});

test('what a killed command left, the next one deletes, and nothing of one that runs', async () => {
  const [killed, running] = [await startCommand(), await startCommand()];
  killed.child.kill('SIGKILL');
  await once(killed.child, 'exit');
  expect(await readdir(temporary)).toHaveLength(2);
  const next = await startCommand();
  await until(async () => !(await readdir(temporary)).includes(killed.folder));
  expect((await readdir(temporary)).toSorted()).toEqual([running.folder, next.folder].toSorted());
});
