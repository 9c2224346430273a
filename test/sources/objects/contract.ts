import { afterAll, beforeAll, describe } from '@jest/globals';
import { segmentSourceContract, type SourceContent } from '../../../src/testing';
import { runContract } from '../../ports/run-contract';
import { INSTALL_TIMEOUT_MS } from '../../support/install-by-apt';
import type { TestBucket, TestStore } from '../../support/object-stores';
import { Machine } from './rooted';

type Row = readonly (string | null)[];

const value = (text: string | null) => (text === null ? '' : `"${text.replaceAll('"', '""')}"`);
const csv = (rows: readonly Row[]) => rows.map((row) => `${row.map(value).join(',')}\n`).join('');

/** In two objects, as warehouses unload a table. */
function halves(rows: readonly Row[]): [string, string] {
  const half = Math.ceil(rows.length / 2);
  return [csv(rows.slice(0, half)), csv(rows.slice(half))];
}

interface Form {
  readonly put: (bucket: TestBucket, prefix: string, content: SourceContent) => Promise<void>;
  /** The source without root and storage. */
  readonly source: (content: SourceContent) => object;
}

export const files: Form = {
  put: async (bucket, prefix, { attributes, profiles, segments }) => {
    for (const [index, rows] of halves(profiles).entries())
      await bucket.put(`${prefix}/profiles/part-${index}.csv`, csv([attributes]) + rows);
    for (const { id, members } of segments)
      await bucket.put(`${prefix}/members/${id}.csv`, csv([['id'], ...members.map((key) => [key])]));
  },
  source: ({ attributes, segments }) => ({
    kind: 'files',
    profiles: { path: 'profiles/*.csv', key: attributes[0] },
    segments: Object.fromEntries(
      segments.map(({ id, name }) => [id, { name, members: { path: `members/${id}.csv`, key: 'id' } }]),
    ),
  }),
};

export const cdm: Form = {
  put: async (bucket, prefix, { attributes, profiles, segments }) => {
    const tables = [
      { name: 'Customer', columns: attributes, rows: profiles },
      ...segments.map(({ id, members }) => ({
        name: `Segment_${id}`,
        columns: ['Id'],
        rows: members.map((key) => [key]),
      })),
    ];
    const entities: object[] = [];
    for (const { name, columns, rows } of tables) {
      const partitions: object[] = [];
      for (const [index, content] of halves(rows).entries()) {
        const file = `${name}/2026/11/23/0200/${name}_${index}.csv`;
        await bucket.put(`${prefix}/Export/${file}`, content);
        partitions.push({ location: `https://contoso.dfs.core.windows.net/customerinsights/Export/${file}` });
      }
      entities.push({ name, attributes: columns.map((column) => ({ name: column })), partitions });
    }
    await bucket.put(`${prefix}/Export/model.json`, JSON.stringify({ entities }));
  },
  source: ({ attributes, segments }) => ({
    kind: 'cdm',
    profiles: { key: attributes[0] },
    segments: Object.fromEntries(
      segments.map(({ id, name }) => [id, { name, members: { table: `Segment_${id}`, key: 'Id' } }]),
    ),
  }),
};

let opened = 0;

async function open(content: SourceContent, store: TestStore, form: Form) {
  const machine = await Machine.make();
  const bucket = store.at(store.url);
  opened += 1;
  const prefix = `contract/${opened}`;
  await form.put(bucket, prefix, content);
  const source = await machine.open({ ...form.source(content), ...bucket.settings(prefix) });
  const change = (other: SourceContent) => form.put(bucket, prefix, other);
  const close = async () => {
    await source.close();
    await machine.remove();
  };
  return { source, change, close };
}

/** Runs the contract on a store. @param start its server */
export function describeContract(name: string, start: () => Promise<TestStore>, form: Form): void {
  describe(`the contract of SegmentSource, on ${name}`, () => {
    let store: TestStore;
    beforeAll(async () => {
      store = await start();
    }, INSTALL_TIMEOUT_MS);
    afterAll(() => store.close());

    runContract(segmentSourceContract((content) => open(content, store, form)));
  });
}
