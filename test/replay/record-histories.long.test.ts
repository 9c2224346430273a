import { expect, test } from '@jest/globals';
import { VERSION } from '../../src/contract/version';
import { openStage } from '../support/stage';
import { HistoryStore } from './history-store';
import { record } from './recording';
import { replay } from './replaying';

const store = new HistoryStore();
const isRecording = process.env['RECORD_HISTORIES'] === '1';

/** With RECORD_HISTORIES=1 (`npm run record-histories`) it stores the histories of a version that has none yet. */
test('the workflows replay what they do now, and the same histories are stored for this version', async () => {
  if (isRecording) store.refuseRecorded(VERSION);
  const stage = await openStage();
  const recording = await record(stage);
  await stage.close();
  for (const history of Object.values(recording)) await replay(history);

  if (isRecording) store.add(VERSION, recording);
  expect(store.names(VERSION)).toEqual(Object.keys(recording).toSorted());
});
