import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withWorkspace } from '../../../src/staging/store/workspace';

/** Takes hours. */
const ENDLESS =
  'SELECT count(*) FROM range(100_000_000) one, range(100_000_000) other WHERE one.range = -other.range';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'workspace-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const options = (signal: AbortSignal) => ({ folder, memoryLimit: '64MB', rows: 1, allow: folder, signal });

test('a step that is cancelled interrupts its statement, starts no other, and fails with the reason', async () => {
  const cancel = new AbortController();
  const reason = new Error('cancelled');
  let start!: () => void;
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const step = withWorkspace(options(cancel.signal), async (database) => {
    const endless = database.run(`${ENDLESS}; ${ENDLESS}`);
    const next = database.run(ENDLESS);
    start();
    await Promise.all([endless, next]);
  });
  step.catch(() => undefined);
  await started;
  cancel.abort(reason);
  await expect(step).rejects.toBe(reason);
  expect(await readdir(folder)).toEqual([]);
});

test('a step that was cancelled before it began runs nothing', async () => {
  const reason = new Error('cancelled');
  const step = withWorkspace(options(AbortSignal.abort(reason)), (database) => database.run(ENDLESS));
  await expect(step).rejects.toBe(reason);
});

test('an error of a step that was not cancelled is its own', async () => {
  const step = withWorkspace(options(new AbortController().signal), (database) =>
    database.run('SELECT * FROM nothing'),
  );
  await expect(step).rejects.toMatchObject({ kind: 'Catalog' });
});
