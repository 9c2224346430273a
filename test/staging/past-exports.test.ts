import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectInfo } from '../../src/ports/staging-store';
import { FolderStore, openStaging } from '../../src/staging';
import { DESTINATION, exportAll, stageOf, type Stage } from './stage';

const PAST = 50_000;
/** Looking for the last claim takes two names for each binary digit of its number. */
const OF_SEARCHES = 20 * 2 * Math.ceil(Math.log2(PAST));

const FOLDER = `destinations/${DESTINATION}/`;

/**
 * A folder in which the destination has had some exports before, without a file for each: 50,000 of them would take a minute. Counts what
 * is asked of it, and the names that its lists return.
 */
class AgedStore extends FolderStore {
  operations = 0;
  listed = 0;
  readonly #past: number;

  constructor(folder: string, past: number) {
    super(folder);
    this.#past = past;
  }

  override async get(key: string): Promise<string | undefined> {
    this.operations += 1;
    return this.#ofPast(key) ?? super.get(key);
  }

  override async head(key: string): Promise<ObjectInfo | undefined> {
    this.operations += 1;
    return this.#ofPast(key) === undefined ? super.head(key) : { size: 1, createdMs: 0 };
  }

  override async put(key: string, content: string | { readonly file: string }): Promise<boolean> {
    this.operations += 1;
    return super.put(key, content);
  }

  override async list(folder: string): Promise<readonly string[]> {
    this.operations += 1;
    const names = [...(await super.list(folder)), ...this.#pastNames(folder)];
    this.listed += names.length;
    return names;
  }

  /** The claim of each past export, the mark of each but the last one, and what the last one has left for the next. */
  #ofPast(key: string): string | undefined {
    const [, claim] = /claims\/(\d+)\.json$/.exec(key) ?? [];
    if (claim !== undefined && Number(claim) <= this.#past)
      return JSON.stringify({ exportId: `e${Number(claim)}` });
    const [, marked] = /claimed\/e(\d+)$/.exec(key) ?? [];
    if (marked !== undefined && Number(marked) < this.#past) return '';
    const isMark = /exports\/e(\d+)\/(?:drained|earlier-settled)\.json$/.test(key);
    return isMark ? '{"baseline":null}' : undefined;
  }

  #pastNames(folder: string): readonly string[] {
    const numbers = Array.from({ length: this.#past }, (_, index) => index + 1);
    if (folder === `${FOLDER}claims/`)
      return numbers.map((number) => `${String(number).padStart(6, '0')}.json`);
    if (folder === `${FOLDER}claimed/`) return numbers.map((number) => `e${number}`);
    if (folder === `${FOLDER}exports/`) return numbers.map((number) => `e${number}/`);
    return /exports\/e\d+\/$/.test(folder) ? ['drained.json', 'earlier-settled.json'] : [];
  }
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'past-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the steps of an export ask as little of a store with 50,000 past exports as of one with few', async () => {
  const young = await measure(0);
  const old = await measure(PAST);
  expect(old.operations).toBeLessThan(young.operations + OF_SEARCHES);
  expect(old.listed).toBeLessThan(young.listed + 100);
});

test('a request asks the store for the same names, however many exports there have been', async () => {
  const asked = await Promise.all([1, PAST].map(operationsOfRequest));
  // Two names, and for each that is not there whether the store itself is.
  expect(asked).toEqual([4, 4]);
});

async function operationsOfRequest(past: number): Promise<number> {
  const store = new AgedStore(join(folder, `${past}`), past);
  const staging = await openStaging({ store, memoryLimit: '256MB' });
  const ref = { destinationId: DESTINATION, exportId: 'next' };
  await staging.claim(ref);
  await staging.checkClaim(ref);
  store.operations = 0;
  await staging.checkClaim(ref);
  await staging.close();
  return store.operations;
}

async function measure(past: number): Promise<{ operations: number; listed: number }> {
  const store = new AgedStore(join(folder, `${past}`), past);
  const staging = await openStaging({ store, memoryLimit: '256MB' });
  const stage = stageOf(staging, store.workFolder);
  try {
    store.operations = 0;
    await runExport(stage);
    return store;
  } finally {
    await staging.close();
  }
}

/** All steps of an export that use the store. */
async function runExport(stage: Stage): Promise<void> {
  const { staging } = stage;
  const ref = stage.newExport();
  await staging.claim(ref);
  await staging.checkClaim(ref);
  expect(await staging.unansweredWrites(ref)).toEqual([]);
  await staging.recordDrained(ref);
  expect(await staging.settleEarlier(ref, null)).toMatchObject({ baseline: null });
  const profiles = [{ key: '1', email: 'anna@mail.test', first: 'Anna', segments: ['vip'] }];
  const exported = await exportAll(stage, profiles, { audience: [] });
  await staging.unansweredWrites(exported.ref);
  await staging.recordDrained(exported.ref);
  await staging.settleEarlier(exported.ref, null);
  await staging.tidy(DESTINATION, { baseline: exported.ref.exportId, keepExports: 100 });
}
