import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openStage } from '../support/stage';
import { record } from './recording';
import { replay } from './replaying';

const HISTORIES = join(__dirname, 'histories');

/** With RECORD_HISTORIES=1 it replaces the stored histories, which are to be committed with the change that needs it. */
test('what the workflows do now is what they do again, and is stored under the same names', async () => {
  const stage = await openStage();
  const recording = await record(stage);
  await stage.close();
  for (const history of Object.values(recording)) await replay(history);

  if (process.env['RECORD_HISTORIES'] === '1') {
    rmSync(HISTORIES, { recursive: true, force: true });
    mkdirSync(HISTORIES);
    for (const [name, history] of Object.entries(recording))
      writeFileSync(join(HISTORIES, `${name}.json`), `${JSON.stringify(history, null, 1)}\n`);
  }
  const stored = readdirSync(HISTORIES).map((file) => file.replace('.json', ''));
  expect(Object.keys(recording).toSorted()).toEqual(stored.toSorted());
}, 120_000);
