import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ExportRef } from '../../../src/contract/identifiers';
import type { ExportPlan, ChunkResults } from '../../../src/contract/plan';
import { FolderStore, openStaging } from '../../../src/staging';
import { acknowledge, answer, emailsOf, openStage, type Stage } from '../stage';

let stage: Stage;
let ref: ExportRef;
let plan: ExportPlan;
beforeEach(async () => {
  stage = await openStage();
  ref = stage.newExport();
  await stage.snapshot(
    ref,
    Array.from({ length: 2_005 }, (_, index) => ({
      key: String(index).padStart(4, '0'),
      email: `p${index}@mail.test`,
      first: `N${index}`,
      segments: ['vip'],
    })),
  );
  plan = await stage.plan(ref);
});
afterEach(() => stage.close());

async function* breakingOff(): AsyncGenerator<ChunkResults> {
  yield* acknowledged([1]);
  throw new TypeError('the archive ends here');
}

async function* withStranger(): AsyncGenerator<ChunkResults> {
  yield* acknowledged([1, 2, 3]);
  const chunk = await stage.staging.readChunk(ref, 1);
  yield {
    chunk,
    results: [{ chunk: 1, email: 'stranger@mail.test', result: 'rejected', class: 'fake', text: '' }],
  };
}

async function* acknowledged(chunks: readonly number[]): AsyncGenerator<ChunkResults> {
  for (const chunk of chunks) yield answer(await stage.staging.readChunk(ref, chunk), acknowledge);
}

describe('a chunk', () => {
  test('reads the same each time, also in another process later', async () => {
    const chunks = await stage.chunks(ref, plan);
    const later = await openStaging({ store: new FolderStore(stage.folder), memoryLimit: '128MB' });
    try {
      for (const { chunk } of chunks.toReversed()) {
        expect(await later.readChunk(ref, chunk)).toEqual(chunks[chunk]);
      }
    } finally {
      await later.close();
    }
  });

  test('that the plan does not have is refused', async () => {
    await expect(stage.staging.readChunk(ref, plan.chunks)).rejects.toMatchObject({
      code: 'STAGING_CORRUPT',
    });
  });

  test.each([Number.NaN, 0.5, '0 OR true' as never])('whose number is %p is refused', async (chunk) => {
    await expect(stage.staging.readChunk(ref, chunk)).rejects.toMatchObject({ code: 'STAGING_CORRUPT' });
  });

  test('of an export without a plan is refused', async () => {
    await expect(stage.staging.readChunk(stage.newExport(), 0)).rejects.toMatchObject({
      code: 'STAGING_CORRUPT',
    });
  });
});

describe('an attempt at a part', () => {
  test('is numbered from 1, each its own number, also at the same time', async () => {
    expect(await stage.staging.recordAttempt(ref, 0, 'batch')).toBe(1);
    expect(await stage.staging.recordAttempt(ref, 0, 'batch')).toBe(2);
    expect(await stage.staging.recordAttempt(ref, 7, 'batch')).toBe(1);
    const numbers = await Promise.all(
      Array.from({ length: 5 }, () => stage.staging.recordAttempt(ref, 0, 'batch')),
    );
    expect(new Set(numbers)).toEqual(new Set([3, 4, 5, 6, 7]));
  });
});

describe('the batch of a part', () => {
  test('is unknown until it is recorded, and stays the first that was recorded', async () => {
    expect(await stage.staging.readBatch(ref, 0)).toBeUndefined();
    await stage.staging.recordBatch(ref, 0, 'abc');
    await stage.staging.recordBatch(ref, 0, 'def');
    expect(await stage.staging.readBatch(ref, 0)).toBe('abc');
    expect(await stage.staging.readBatch(ref, 1)).toBeUndefined();
  });
});

describe('what an earlier export has sent', () => {
  test('may still run as long as its batch has no answer, whatever was sent directly since', async () => {
    const next = stage.newExport();
    const part = plan.parts.at(-1)!;
    const isOpen = async () => (await stage.staging.unansweredWrites(next)).map((write) => write.part.part);
    await stage.staging.claim(ref);
    await stage.staging.recordAttempt(ref, part.part, 'batch');
    for (let chunk = part.firstChunk; chunk <= part.lastChunk; chunk++)
      await stage.staging.sealResults(ref, `chunk-${chunk}`, [
        answer(await stage.staging.readChunk(ref, chunk), acknowledge),
      ]);
    expect(await isOpen()).toEqual([part.part]);
    // Before the next one claims: from then on, its worker stores nothing more.
    await stage.staging.sealResults(ref, `part-${part.part}`, []);
    expect(await isOpen()).toEqual([]);
  });
});

describe('results', () => {
  test('are there once they ended, and the first sealed ones stay', async () => {
    expect(await stage.staging.hasResults(ref, 'part-1')).toBe(false);
    await stage.staging.sealResults(ref, 'part-1', acknowledged([1, 2, 3]));
    expect(await stage.staging.hasResults(ref, 'part-1')).toBe(true);
    await stage.staging.sealResults(ref, 'part-1', acknowledged([]));
    expect(await stage.staging.summarisePart(ref, 1)).toMatchObject({ acknowledged: 1_500 });
  });

  test('that break off are not sealed, and the error comes through', async () => {
    await expect(stage.staging.sealResults(ref, 'part-0', breakingOff())).rejects.toThrow(TypeError);
    expect(await stage.staging.hasResults(ref, 'part-0')).toBe(false);
  });
});

describe('the summary of a part', () => {
  test('without results has all rows unproven and all chunks in trouble', async () => {
    expect(await stage.staging.summarisePart(ref, 1)).toEqual({
      part: 1,
      rows: 1_500,
      acknowledged: 0,
      refused: 0,
      unproven: 1_500,
      resubscribed: 0,
      troubled: [1, 2, 3],
    });
  });

  test('names the chunks that lack a row or have an unproven one, and refusals are no trouble', async () => {
    const results = async function* (): AsyncGenerator<ChunkResults> {
      const first = await stage.staging.readChunk(ref, 1);
      yield answer(first, (email) =>
        email === 'p8@mail.test' ? { result: 'unproven' } : { result: 'acknowledged' },
      );
      const second = await stage.staging.readChunk(ref, 2);
      yield answer(second, () => ({ result: 'rejected', class: 'fake', text: 'no' }));
      const last = await stage.staging.readChunk(ref, 3);
      const emails = emailsOf(last).slice(1);
      yield { chunk: last, results: emails.map((email) => ({ chunk: 3, email, result: 'acknowledged' })) };
    };
    await stage.staging.sealResults(ref, 'part-1', results());
    expect(await stage.staging.summarisePart(ref, 1)).toEqual({
      part: 1,
      rows: 1_500,
      acknowledged: 998,
      refused: 500,
      unproven: 2,
      resubscribed: 0,
      troubled: [1, 3],
    });
  });

  test('counts a chunk that was sent again instead of its part’s answer', async () => {
    await stage.staging.sealResults(ref, 'part-1', acknowledged([1, 2]));
    await stage.staging.sealResults(ref, 'chunk-3', acknowledged([3]));
    expect(await stage.staging.summarisePart(ref, 1)).toMatchObject({ acknowledged: 1_500, troubled: [] });
  });

  test('is the same in a process that has sealed none of it', async () => {
    const [first, second, last] = await Promise.all(
      [1, 2, 3].map((chunk) => stage.staging.readChunk(ref, chunk)),
    );
    const isFirst = (email: string) => emailsOf(first!)[0] === email;
    const answers = [
      answer(first!, (email) => (isFirst(email) ? { result: 'unproven' } : { result: 'acknowledged' })),
      answer(second!, () => ({ result: 'rejected', class: 'fake', text: 'no' })),
      answer(second!, acknowledge),
    ];
    await stage.staging.sealResults(ref, 'part-1', answers);
    const resubscribed = answer(last!, () => ({ result: 'acknowledged', class: 'resubscribed' }));
    await stage.staging.sealResults(ref, 'chunk-3', [resubscribed]);
    const summary = await stage.staging.summarisePart(ref, 1);
    expect(summary).toMatchObject({ rows: 1_500, unproven: 1, resubscribed: 500, troubled: [1] });
    const other = await openStaging({ store: new FolderStore(stage.folder), memoryLimit: '128MB' });
    try {
      expect(await other.summarisePart(ref, 1)).toEqual(summary);
    } finally {
      await other.close();
    }
  });

  test('ignores answers about rows that were not sent', async () => {
    await stage.staging.sealResults(ref, 'part-1', withStranger());
    expect(await stage.staging.summarisePart(ref, 1)).toMatchObject({
      rows: 1_500,
      acknowledged: 1_500,
      refused: 0,
    });
    expect(await stage.staging.settle(ref, null)).toMatchObject({ outcomes: { created: 1_500 } });
  });
});

describe('a snapshot', () => {
  test('is the first sealed one: who comes second gets that one’s counts and leaves no folder', async () => {
    const counts = { profiles: 5, selected: 2, members: [1, 1], unmatched: [], unreadable: [] };
    const folder = await stage.staging.openExtractFolder(ref);
    const sealed = await stage.staging.sealSnapshot(ref, { folder, ...counts });
    expect(sealed).toMatchObject({ profiles: 2_005, selected: 2_005 });
    expect(existsSync(folder)).toBe(false);
    const later = { folder, ...counts, version: 'of the second' };
    expect(await stage.staging.sealSnapshot(ref, later)).toEqual(sealed);
    expect(sealed).not.toHaveProperty('version');
    expect(await stage.plan(ref)).toEqual(plan);
  });
});
