import { describe, expect, test } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/index';
import { until } from '../support/until';
import { ADA, Api, AUDIENCE, LIST, operation, results, runBatch, seeded, withSandbox } from './support';

const rows = [{ email_address: ADA, status_if_new: 'subscribed' }];

describe('an outage', () => {
  test('refuses connections for a time, also those of other requests', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('refuse connections for 300 ms on POST /lists/*');
      await expect(api.subscribe(rows)).rejects.toThrow('fetch failed');
      await expect(api.get('/ping')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
      expect(sandbox.state(AUDIENCE).members).toBe(0);
      await until(() =>
        api.get('/ping').then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
      expect((await api.subscribe(rows)).status).toBe(200);
    });
  });

  test('does not keep a sandbox from closing', async () => {
    const sandbox = await startSandbox({});
    sandbox.fail('refuse connections 60 s on GET /ping');
    await expect(new Api(sandbox).get('/ping')).rejects.toThrow('fetch failed');
    await sandbox.close();
    await expect(fetch(`${sandbox.url}/ping`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  test('can be a reply that trickles, complete at its end', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'subscribed' }), async (api, sandbox) => {
      sandbox.fail('trickle 100 ms on GET /lists/*/members');
      const begun = performance.now();
      const reply = await fetch(`${sandbox.url}${LIST}/members`, { headers: api.headers });
      const pieces: number[] = [];
      for await (const piece of reply.body!) pieces.push(piece.length);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(90);
      expect(pieces.length).toBeGreaterThan(1);
      expect((await api.get(`${LIST}/members`)).body.members).toHaveLength(1);
    });
  });
});

describe('while others work', () => {
  test('one key is revoked and another of the same user is not', async () => {
    const keys = ['a'.repeat(32), 'b'.repeat(32)].map((key) => `${key}-us1`);
    await withSandbox({ accounts: [{ apiKeys: keys }] }, async (_api, sandbox) => {
      const statusOf = async (key: string): Promise<number> =>
        (await new Api(sandbox, { authorization: `Bearer ${key}` }).get('/ping')).status;
      sandbox.control.set({ switches: { revokedKeys: keys[0]! } });
      expect(await Promise.all(keys.map(statusOf))).toEqual([401, 200]);
      sandbox.control.set({ switches: { revokedKeys: '' } });
      expect(await statusOf(keys[0]!)).toBe(200);
    });
  });

  test('an audience is deleted before a request, and also for operations of batches', async () => {
    const other = '2b3c4d5e6f';
    const audiences = [AUDIENCE, other].map((id) => ({ id, name: id }));
    await withSandbox({ audiences }, async (api, sandbox) => {
      sandbox.fail(`delete audience ${AUDIENCE} after 1 on POST /lists/*`);
      expect((await api.subscribe(rows)).status).toBe(200);
      expect((await api.subscribe(rows)).status).toBe(404);
      const batch = await runBatch(api, [operation(LIST, { members: rows })]);
      expect((await results(batch)).map(({ status_code: status }) => status as number)).toEqual([404]);
      expect((await api.get('/lists')).body.lists.map(({ id }: { id: string }) => id)).toEqual([other]);
    });
  });
});
