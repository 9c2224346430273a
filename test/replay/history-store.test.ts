import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HistoryStore } from './history-store';

describe('recorded histories', () => {
  let folder: string;
  let store: HistoryStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'histories-'));
    store = new HistoryStore(folder);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('of a new version are added beside those of earlier versions', () => {
    store.add('0.2.0', { 'export-first': { events: [1] } });
    store.add('0.3.0', { 'export-first': { events: [2] } });
    expect(store.versions()).toEqual(['0.2.0', '0.3.0']);
    expect(store.names('0.2.0')).toEqual(['export-first']);
    expect(JSON.parse(store.readText('0.2.0', 'export-first'))).toEqual({ events: [1] });
  });

  test('are never replaced, and the refusal names the command that bumps the version', () => {
    store.add('0.2.0', { 'export-first': { events: [1] } });
    const again = () => store.add('0.2.0', { 'export-first': { events: [2] }, 'export-second': {} });
    expect(again).toThrow(/0\.2\.0 are recorded already.*`npm version --no-git-tag-version minor`/);
    expect(store.names('0.2.0')).toEqual(['export-first']);
    expect(JSON.parse(store.readText('0.2.0', 'export-first'))).toEqual({ events: [1] });
  });

  test('of a version without a folder are none', () => {
    expect(store.names('9.9.9')).toEqual([]);
  });
});
