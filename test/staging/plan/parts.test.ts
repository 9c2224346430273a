import { expect, test } from '@jest/globals';
import { type ChunkSize, packParts } from '../../../src/staging/plan/parts';

function chunks(count: number, size: Partial<ChunkSize> = {}): ChunkSize[] {
  return Array.from({ length: count }, (_, chunk) => ({
    chunk,
    kind: 'upsert',
    rows: 500,
    bytes: 1_000,
    ...size,
  }));
}

test('a part contains at most 50 chunks, the first one only the canary', () => {
  expect(packParts(chunks(102))).toEqual([
    { part: 0, kind: 'upsert', firstChunk: 0, lastChunk: 0, rows: 500, canary: true },
    { part: 1, kind: 'upsert', firstChunk: 1, lastChunk: 50, rows: 25_000, canary: false },
    { part: 2, kind: 'upsert', firstChunk: 51, lastChunk: 100, rows: 25_000, canary: false },
    { part: 3, kind: 'upsert', firstChunk: 101, lastChunk: 101, rows: 500, canary: false },
  ]);
});

test('a part contains at most 8 MB', () => {
  const parts = packParts(chunks(10, { bytes: 3_000_000 }));
  expect(parts.map(({ firstChunk, lastChunk }) => [firstChunk, lastChunk])).toEqual([
    [0, 0],
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
    [9, 9],
  ]);
});

test('upserts and untags never share a part', () => {
  const untags = chunks(3, { kind: 'untag' }).map((chunk) => ({ ...chunk, chunk: chunk.chunk + 2 }));
  expect(
    packParts([...chunks(2), ...untags]).map(({ kind, firstChunk, lastChunk }) => [
      kind,
      firstChunk,
      lastChunk,
    ]),
  ).toEqual([
    ['upsert', 0, 0],
    ['upsert', 1, 1],
    ['untag', 2, 4],
  ]);
});

test('no chunks need no part', () => {
  expect(packParts([])).toEqual([]);
});
