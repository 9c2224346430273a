import { describe, expect, test } from '@jest/globals';
import type { Api, Json } from './support';
import { download, operation, results, runBatch, untar, withSandbox } from './support';

/** Four operations whose replies differ, so that a result can be told by its reply. */
const OPERATIONS = ['ping', 'lists', 'batches', 'lists/none'].map((path, place) =>
  operation(`/${path}`, undefined, { operation_id: `op-${place}` }),
);

const runFour = (api: Api): Promise<Json> => runBatch(api, OPERATIONS);

/** Operation ids in the order of the operations, as their replies tell. */
async function idsOf(batch: Json): Promise<(string | null)[]> {
  const marks = ['Chimpy', '"lists"', '"batches"'];
  const all = await results(batch);
  return marks.map((mark): string | null => {
    const found = all.find(({ response }) => (response as string).includes(mark));
    return found.operation_id as string | null;
  });
}

describe('faults of result archives', () => {
  test('damage the bytes of an archive, at every download', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('corrupt result');
      const batch = await runFour(api);
      const bytes = await download(batch.response_body_url as string);
      await expect(untar(bytes)).rejects.toThrow(/invalid|incorrect|unexpected/);
      expect(await download(batch.response_body_url as string)).toEqual(bytes);
      expect(await results(await runFour(api))).toHaveLength(4);
    });
  });

  test('make a file of an archive something else than JSON', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('corrupt json result');
      await expect(results(await runFour(api))).rejects.toThrow(SyntaxError);
    });
  });

  test('leave out all operation ids', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('null operation ids');
      expect(await idsOf(await runFour(api))).toEqual([null, null, null]);
    });
  });

  test('swap the operation ids of neighbours', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('swapped operation ids');
      expect(await idsOf(await runFour(api))).toEqual(['op-1', 'op-0', 'op-3']);
    });
  });

  test('give two results the same operation id', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('shared operation ids');
      expect(await idsOf(await runFour(api))).toEqual(['op-0', 'op-0', 'op-2']);
    });
  });

  test('list every result twice', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('doubled results');
      const ids = (await results(await runFour(api))).map(({ operation_id: id }) => id as string);
      const once = ['op-0', 'op-1', 'op-2', 'op-3'];
      expect(ids.toSorted()).toEqual([...once, ...once].toSorted());
    });
  });
});

const sizesOf = async (api: Api): Promise<number[]> => {
  const entries = await untar(await download((await runFour(api)).response_body_url as string));
  return entries.filter(({ type }) => type === 'file').map(({ text }) => text.length);
};

test('emptyResultFile: an archive has a file of no bytes, or none', async () => {
  await withSandbox({}, async (api, sandbox) => {
    expect(await sizesOf(api)).toContain(0);
    sandbox.control.set({ switches: { emptyResultFile: false } });
    const sizes = await sizesOf(api);
    expect(sizes).toHaveLength(2);
    expect(sizes).not.toContain(0);
  });
});
