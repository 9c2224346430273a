import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  ADA,
  AUDIENCE,
  batchInState,
  download,
  LIST,
  memberPath,
  operation,
  results,
  runBatch,
  seeded,
  untar,
  withSandbox,
} from './support';

const ping = (id?: string): object =>
  operation('/ping', undefined, id === undefined ? {} : { operation_id: id });
const pings = (count: number): object[] => Array.from({ length: count }, (_, place) => ping(`op-${place}`));

describe('a batch', () => {
  test('begins pending with no counts, and goes through every state', async () => {
    await withSandbox({ batchPolls: 1 }, async (api) => {
      const { status, body } = await api.post('/batches', { operations: pings(3) });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        status: 'pending',
        total_operations: 0,
        finished_operations: 0,
        errored_operations: 0,
        completed_at: '',
        response_body_url: '',
      });
      expect(body.id).toMatch(/^[0-9a-f]{10}$/);
      expect(body.submitted_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
      const seen: string[] = [];
      while (seen.at(-1) !== 'finished')
        seen.push((await api.get(`/batches/${body.id}`)).body.status as string);
      expect([...new Set(seen)]).toEqual(['pending', 'preprocessing', 'started', 'finalizing', 'finished']);
    });
  });

  test('runs its operations as requests, and counts the replies other than 200', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'subscribed' }), async (api, sandbox) => {
      const members = [{ email_address: 'new@wp.pl', status_if_new: 'subscribed' }];
      const batch = await runBatch(api, [
        operation(LIST, { members }, { operation_id: 'upsert' }),
        operation(
          `${memberPath(ADA)}/tags`,
          { tags: [{ name: 'A', status: 'active' }] },
          { operation_id: 'tag' },
        ),
        operation('/lists/0000000000', { members }, { operation_id: 'no list' }),
        { method: 'post', path: LIST, body: JSON.stringify({ members }), operation_id: 'lower case' },
        operation('lists', undefined, { params: { fields: 'total_items' } }),
      ]);
      expect(batch).toMatchObject({ total_operations: 5, finished_operations: 5, errored_operations: 2 });
      expect(batch.completed_at).not.toBe('');
      const byId = new Map((await results(batch)).map((one) => [one.operation_id as string | null, one]));
      expect(JSON.parse(byId.get('upsert').response)).toMatchObject({ total_created: 1, error_count: 0 });
      expect(byId.get('tag')).toMatchObject({ status_code: 204, response: 'null' });
      expect(JSON.parse(byId.get('no list').response)).toMatchObject({ status: 404, instance: '' });
      expect(byId.get('lower case').status_code).toBe(405);
      expect(byId.get(null).response).toBe('{"total_items":1}');
      expect(sandbox.state(AUDIENCE)).toMatchObject({ members: 2, tags: { A: 1 } });
    });
  });

  test('creates an archive with a directory, several files and an empty one, in no particular order', async () => {
    await withSandbox({ resultsPerFile: 10 }, async (api) => {
      const batch = await runBatch(api, pings(35));
      const entries = await untar(await download(batch.response_body_url));
      expect(entries[0]).toMatchObject({ name: './', type: 'directory' });
      const files = entries.slice(1);
      expect(files.every(({ name, type }) => /^\.\/[^/]+\.json$/.test(name) && type === 'file')).toBe(true);
      expect(files.map(({ text }) => (text === '' ? 0 : (JSON.parse(text) as unknown[]).length))).toEqual([
        10, 0, 10, 10, 5,
      ]);
      const ids = (await results(batch)).map((one) => one.operation_id as string);
      const expected = Array.from({ length: 35 }, (_, place) => `op-${place}`);
      expect(ids).not.toEqual(expected);
      expect(ids.toSorted()).toEqual(expected.toSorted());
      const orders = new Set((await results(batch)).map((one) => Object.keys(one as object).join()));
      expect(orders.size).toBe(2);
    });
  });

  test('has at least two files when there are two results', async () => {
    await withSandbox({}, async (api) => {
      const batch = await runBatch(api, pings(2));
      expect(await untar(await download(batch.response_body_url))).toHaveLength(4);
      const none = await runBatch(api, []);
      expect(none.total_operations).toBe(0);
      expect(await results(none)).toEqual([]);
    });
  });

  test('is refused completely for an operation that violates the schema', async () => {
    await withSandbox({}, async (api) => {
      const errors = async (...operations: unknown[]): Promise<unknown> =>
        (await api.post('/batches', { operations })).body.errors;
      expect(await errors(ping(), { method: 'POST', path: LIST, body: {} })).toEqual([
        { field: 'operations.item:1.body', message: 'Schema describes string, object found instead' },
      ]);
      expect(await errors([])).toEqual([
        { field: 'operations.item:0', message: 'Schema describes object, array found instead' },
      ]);
      expect(await errors({ path: LIST })).toEqual([
        { field: 'operations.item:0', message: 'Required fields were not provided: method' },
      ]);
      expect((await api.post('/batches', {})).body.errors).toEqual([
        { field: '', message: 'Required fields were not provided: operations' },
      ]);
    });
  });

  test('that is deleted stops after its current operation, and is gone', async () => {
    await withSandbox({ operationMs: 20 }, async (api, sandbox) => {
      const { body } = await api.post('/batches', { operations: pings(500) });
      await batchInState(api, body.id, 'started');
      expect((await api.delete(`/batches/${body.id}`)).status).toBe(204);
      expect((await api.get(`/batches/${body.id}`)).status).toBe(404);
      expect((await api.delete(`/batches/${body.id}`)).status).toBe(404);
      await runBatch(api, pings(1));
      const run = sandbox.requests().find(({ via }) => via === 'batch');
      expect(run?.count).toBeLessThan(400);
    });
  });

  test('survives the deletion of the temporary folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
    await withSandbox({ folder }, async (api) => {
      const [own] = await readdir(folder);
      await rm(join(folder, own!), { recursive: true });
      expect(await results(await runBatch(api, pings(3)))).toHaveLength(3);
    });
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test('is deleted after seven days', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    await withSandbox({ clock: () => now }, async (api) => {
      const batch = await runBatch(api, pings(1));
      now += 7 * 24 * 3_600_000 + 1;
      expect((await api.get(`/batches/${batch.id}`)).status).toBe(404);
      expect((await api.get('/batches')).body.total_items).toBe(0);
      expect((await fetch(batch.response_body_url as string)).status).toBe(403);
    });
  });
});

describe('several batches', () => {
  test('run one after the other, in the order of their arrival', async () => {
    await withSandbox({ batchPolls: { started: 1 } }, async (api) => {
      const first = (await api.post('/batches', { operations: pings(1) })).body;
      const second = (await api.post('/batches', { operations: pings(1) })).body;
      for (let poll = 0; poll < 20; poll++)
        expect((await api.get(`/batches/${second.id}`)).body.status).toBe('pending');
      await batchInState(api, first.id, 'finished');
      await batchInState(api, second.id, 'finished');
    });
  });

  test('run in parallel when the account allows it', async () => {
    await withSandbox({ batchPolls: { started: 1 }, batchParallelism: 2 }, async (api) => {
      const first = (await api.post('/batches', { operations: pings(1) })).body;
      const second = (await api.post('/batches', { operations: pings(1) })).body;
      await batchInState(api, second.id, 'finished');
      // The first one has not been read yet, so it has not moved on.
      expect((await api.get(`/batches/${first.id}`)).body.status).toBe('started');
    });
  });

  test('are listed, newest first', async () => {
    await withSandbox({}, async (api, sandbox) => {
      const one = await runBatch(api, pings(1));
      const two = await runBatch(api, pings(1));
      const ids = async (query: string): Promise<string[]> =>
        (await api.get(`/batches?${query}`)).body.batches.map((batch: { id: string }) => batch.id);
      expect(await ids('')).toEqual([two.id, one.id]);
      expect(await ids('count=1&offset=1')).toEqual([one.id]);
      sandbox.control.set({ switches: { batchListOrder: 'oldestFirst' } });
      expect(await ids('')).toEqual([one.id, two.id]);
    });
  });

  test('can be pending up to five hundred', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('stuck batch always');
      for (let place = 0; place < 500; place++)
        expect((await api.post('/batches', { operations: [] })).status).toBe(200);
      expect((await api.post('/batches', { operations: [] })).body).toMatchObject({
        status: 429,
        title: 'Too Many Requests',
        detail: 'You have more than 500 pending batches.',
      });
    });
  });
});

describe('a result URL', () => {
  test('is valid without credentials for ten minutes, and every read returns a new one', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    await withSandbox({ clock: () => now }, async (api) => {
      const batch = await runBatch(api, pings(1));
      expect(batch.response_body_url).toMatch(/-response\.tar\.gz\?GoogleAccessId=.*&Expires=\d+&Signature=/);
      now += 599_000;
      expect((await fetch(batch.response_body_url as string)).status).toBe(200);
      now += 2_000;
      const expired = await fetch(batch.response_body_url as string);
      expect([expired.status, expired.headers.get('content-type')]).toEqual([403, 'application/xml']);
      expect(await expired.text()).toContain('ExpiredToken');
      const fresh = (await api.get(`/batches/${batch.id}`)).body.response_body_url as string;
      expect((await fetch(fresh)).status).toBe(200);
    });
  });

  test('is refused when it was changed, and when it is used with credentials', async () => {
    await withSandbox({}, async (api) => {
      const { response_body_url: url } = await runBatch(api, pings(1));
      const later = (url as string).replace(/Expires=\d+/, 'Expires=9999999999');
      expect((await fetch(later)).status).toBe(403);
      expect((await fetch(url as string, { headers: api.headers })).status).toBe(400);
    });
  });
});
