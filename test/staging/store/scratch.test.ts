import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fateOf, PROCESS_NAME } from '../../../src/staging/store/process-name';
import { removeAttempts, sweepScratch } from '../../../src/staging/store/scratch';

let workFolder: string;
beforeEach(async () => {
  workFolder = await mkdtemp(join(tmpdir(), 'scratch-'));
});
afterEach(() => rm(workFolder, { recursive: true }));

const LONG_AGO = new Date(Date.now() - 25 * 60 * 60_000);
/** On this machine. */
const nameOf = (id: number | undefined, began: number | string) =>
  PROCESS_NAME.replace(/-\d+-\d+$/, `-${id}-${began}`);
const began = PROCESS_NAME.split('-').at(-1) ?? '';
const gone = () => nameOf(spawnSync('true').pid, began);

/** Rows of a step in progress. @returns path of its folder */
async function leave(name: string): Promise<string> {
  const attempt = join(workFolder, 'scratch', name, 'attempts/one/plan-0123456789ab');
  await mkdir(attempt, { recursive: true });
  await writeFile(join(attempt, 'changes.parquet'), 'rows');
  return join(workFolder, 'scratch', name);
}

test('the files in progress of processes that are gone are deleted, and those of no other', async () => {
  const foreign = ['process-000000000000-1-1', 'process-000000000000-2-1'];
  const left = [gone(), nameOf(process.pid, '1')];
  const kept = [PROCESS_NAME, foreign[0] ?? ''];
  for (const name of [...left, ...kept, ...foreign]) await leave(name);
  for (const name of [PROCESS_NAME, foreign[1] ?? '']) await utimes(await leave(name), LONG_AGO, LONG_AGO);
  await sweepScratch({ workFolder });
  expect((await readdir(join(workFolder, 'scratch'))).toSorted()).toEqual(kept.toSorted());
  // For those that cannot ask whether it runs.
  expect((await stat(join(workFolder, 'scratch', PROCESS_NAME))).mtimeMs).toBeGreaterThan(LONG_AGO.getTime());
});

test('a process runs until it has ended, also while it is frozen, and not as another one with its id', async () => {
  expect(fateOf(PROCESS_NAME)).toBe('running');
  expect(fateOf(nameOf(process.pid, '1'))).toBe('gone');
  expect(fateOf(gone())).toBe('gone');
  expect(fateOf('put-0123456789ab')).toBeUndefined();
  const child = spawn(process.execPath, [
    '-e',
    `require('node:fs').readFile('/proc/self/stat', 'utf8', (_, text) => console.log(text.split(') ')[1].split(' ')[19]));
    setInterval(() => undefined, 1000)`,
  ]);
  const started = await new Promise<string>((resolve) =>
    child.stdout.once('data', (text) => resolve(String(text).trim())),
  );
  const name = nameOf(child.pid, started);
  expect(fateOf(name)).toBe('running');
  child.kill('SIGSTOP');
  expect(fateOf(name)).toBe('running');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  expect(fateOf(name)).toBe('gone');
});

test('what earlier versions left in one folder for all processes goes after a day', async () => {
  await leave('.');
  await leave('source-killed');
  await sweepScratch({ workFolder });
  expect((await readdir(join(workFolder, 'scratch'))).toSorted()).toEqual(['attempts', 'source-killed']);
  for (const name of ['source-killed', 'attempts/one/plan-0123456789ab'])
    await utimes(join(workFolder, 'scratch', name), LONG_AGO, LONG_AGO);
  await sweepScratch({ workFolder });
  expect(await readdir(join(workFolder, 'scratch'), { recursive: true })).toEqual([
    'attempts',
    'attempts/one',
  ]);
});

test('what all processes have in progress for a destination is deleted at once, and nothing of another', async () => {
  for (const name of [PROCESS_NAME, 'process-000000000000-1-1']) await leave(name);
  await removeAttempts({ workFolder }, 'another');
  const files = async () =>
    (await readdir(workFolder, { recursive: true })).filter((name) => name.endsWith('.parquet'));
  expect(await files()).toHaveLength(2);
  await removeAttempts({ workFolder }, 'one');
  expect(await files()).toEqual([]);
});
