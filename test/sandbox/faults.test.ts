import { describe, expect, test } from '@jest/globals';
import {
  ADA,
  AUDIENCE,
  batchInState,
  download,
  LIST,
  operation,
  results,
  runBatch,
  seeded,
  untar,
  withSandbox,
} from './support';

const rows = (...addresses: string[]): object[] =>
  addresses.map((email_address) => ({ email_address, status_if_new: 'subscribed' }));

describe('faults of requests', () => {
  test('apply as often as they say, to matching requests', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('429 twice on POST /lists/*');
      expect((await api.get(LIST)).status).toBe(200);
      expect((await api.subscribe(rows(ADA))).body.detail).toBe(
        'You have exceeded the limit of 10 simultaneous connections.',
      );
      expect((await api.subscribe(rows(ADA))).status).toBe(429);
      expect(sandbox.state(AUDIENCE).members).toBe(0);
      expect((await api.subscribe(rows(ADA))).status).toBe(200);
    });
  });

  test('skip the requests of `after`, and end when they are cleared', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('500 always after 2 on GET /ping');
      const statuses = [];
      for (let time = 0; time < 4; time++) statuses.push((await api.get('/ping')).status);
      expect(statuses).toEqual([200, 200, 500, 500]);
      sandbox.clearFaults();
      expect((await api.get('/ping')).status).toBe(200);
    });
  });

  test.each([
    ['429 empty on GET /ping', 429, /^$/],
    ['403 html on GET /ping', 403, /Access Denied/],
    ['503 on GET /ping', 503, /<html>/],
    ['502 on GET /ping', 502, /Bad Gateway/],
    ['500 on GET /ping', 500, /"title":"Internal Server Error"/],
  ])('%s', async (text, status, part) => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail(text);
      const answer = await api.get('/ping');
      expect(answer.status).toBe(status);
      expect(answer.text).toMatch(part);
    });
  });

  test('cut the connection before or after the work', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('reset on POST /lists/*');
      await expect(api.subscribe(rows(ADA))).rejects.toThrow('fetch failed');
      expect(sandbox.state(AUDIENCE).members).toBe(0);
      sandbox.fail('reset after applying on POST /lists/*');
      await expect(api.subscribe(rows(ADA))).rejects.toThrow('fetch failed');
      expect(sandbox.state(AUDIENCE).members).toBe(1);
      sandbox.fail('reset mid body on POST /lists/*');
      await expect(api.subscribe(rows('x@wp.pl'))).rejects.toThrow('terminated');
      expect(sandbox.state(AUDIENCE).members).toBe(2);
      sandbox.fail('502 after applying on POST /lists/*');
      expect((await api.subscribe(rows('y@wp.pl'))).status).toBe(502);
      expect(sandbox.state(AUDIENCE).members).toBe(3);
      expect(sandbox.requests().find(({ status }) => status === 0)?.count).toBe(3);
    });
  });

  test('hang without applying, and delay', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('hang 30 ms on POST /lists/*');
      await expect(api.subscribe(rows(ADA))).rejects.toThrow('fetch failed');
      expect(sandbox.state(AUDIENCE).members).toBe(0);
      sandbox.fail('delay 30 ms on POST /lists/*');
      const begun = performance.now();
      expect((await api.subscribe(rows(ADA))).status).toBe(200);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(29);
    });
  });

  test('apply to every request with a given row', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail({
        match: 'POST /lists/*',
        via: 'any',
        bodyIncludes: 'poison@',
        times: 'always',
        effect: { type: 'status', status: 500 },
      });
      expect((await api.subscribe(rows('good@wp.pl', 'poison@wp.pl'))).status).toBe(500);
      expect((await api.subscribe(rows('good@wp.pl'))).status).toBe(200);
      const batch = await runBatch(api, [operation(LIST, { members: rows('poison@wp.pl') })]);
      expect(batch.errored_operations).toBe(1);
    });
  });

  test('apply to requests with more rows than a number, directly and in batches', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('504 always above 2 rows anywhere on POST /lists/*');
      const three = rows('a@wp.pl', 'b@wp.pl', 'c@wp.pl');
      const refused = await api.subscribe(three);
      expect([refused.status, refused.text]).toEqual([504, expect.stringContaining('504 Gateway Time-out')]);
      expect(sandbox.state(AUDIENCE).members).toBe(0);
      expect((await api.subscribe(three.slice(1))).status).toBe(200);
      const batch = await runBatch(api, [
        operation(LIST, { members: three }),
        operation(LIST, { members: three.slice(2) }),
      ]);
      expect((await results(batch)).map(({ status_code: status }) => String(status)).toSorted()).toEqual([
        '200',
        '504',
      ]);
    });
  });

  test('apply to member listings that ask for more rows than a number', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('hang 30 ms always above 500 rows on GET /lists/*/members');
      await expect(api.get(`${LIST}/members?count=501`)).rejects.toThrow('fetch failed');
      expect((await api.get(`${LIST}/members?count=500`)).status).toBe(200);
      expect((await api.get(`${LIST}/members`)).status).toBe(200);
    });
  });

  test('apply to segment changes with more rows than a number', async () => {
    await withSandbox({}, async (api, sandbox) => {
      const { id } = (await api.post(`${LIST}/segments`, { name: 'A', static_segment: [] })).body;
      sandbox.fail('502 always above 1 row on POST /lists/*/segments/*');
      const remove = (...addresses: string[]) =>
        api.post(`${LIST}/segments/${id}`, { members_to_remove: addresses });
      expect((await remove('a@wp.pl', 'b@wp.pl')).status).toBe(502);
      expect((await remove('a@wp.pl')).status).toBe(200);
    });
  });

  test('omit rows from every list of the reply', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('omit 2 rows on POST /lists/*');
      const { body } = await api.subscribe(rows('a@wp.pl', 'b@wp.pl', 'c@wp.pl'));
      expect([body.total_created, body.new_members.length, sandbox.state(AUDIENCE).members]).toEqual([
        1, 1, 3,
      ]);
    });
  });

  test('apply to operations of batches with `via`', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('429 once in batch on GET /ping');
      expect((await api.get('/ping')).status).toBe(200);
      const batch = await runBatch(api, [operation('/ping'), operation('/ping')]);
      expect((await results(batch)).map((one) => String(one.status_code)).toSorted()).toEqual(['200', '429']);
    });
  });

  test('let a contact or another tool act in the middle of an export', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'subscribed' }), async (api, sandbox) => {
      sandbox.fail({
        match: 'POST /lists/*',
        effect: { type: 'act', act: { audience: AUDIENCE, email: ADA, action: 'unsubscribe' } },
      });
      expect((await api.subscribe(rows(ADA))).body.updated_members[0].status).toBe('unsubscribed');
    });
  });
});

describe('faults of batches', () => {
  test('keep a batch pending, while others continue', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('stuck batch');
      const stuck = (await api.post('/batches', { operations: [operation('/ping')] })).body;
      await runBatch(api, [operation('/ping')]);
      expect((await api.get(`/batches/${stuck.id}`)).body.status).toBe('pending');
      expect((await api.delete(`/batches/${stuck.id}`)).status).toBe(204);
    });
  });

  test('stop a running batch, and with it the queue, until it is deleted', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('stuck started batch');
      const stuck = (await api.post('/batches', { operations: [operation('/ping')] })).body;
      const next = (await api.post('/batches', { operations: [operation('/ping')] })).body;
      await batchInState(api, stuck.id, 'started');
      expect((await api.get(`/batches/${next.id}`)).body.status).toBe('pending');
      await api.delete(`/batches/${stuck.id}`);
      await batchInState(api, next.id, 'finished');
    });
  });

  test('keep a batch finalizing, all of its operations done, until it is released', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('stuck finalizing batch');
      const { id } = (await api.post('/batches', { operations: [operation(LIST, { members: rows(ADA) })] }))
        .body;
      const stuck = await batchInState(api, id, 'finalizing');
      expect(stuck).toMatchObject({ total_operations: 1, finished_operations: 1, response_body_url: '' });
      expect(sandbox.state(AUDIENCE).members).toBe(1);
      for (let poll = 0; poll < 20; poll++)
        expect((await api.get(`/batches/${id}`)).body.status).toBe('finalizing');
      sandbox.control.releaseBatches();
      expect(await results(await batchInState(api, id, 'finished'))).toHaveLength(1);
    });
  });

  test('keep a batch pending until it is released over the control port', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('stuck batch');
      const { id } = (await api.post('/batches', { operations: [operation('/ping')] })).body;
      expect((await api.get(`/batches/${id}`)).body.status).toBe('pending');
      await fetch(new URL('/_sandbox/batches/release', sandbox.url), { method: 'POST' });
      await batchInState(api, id, 'finished');
    });
  });

  test('hide a batch that runs: 404 for every read and deletion, missing in the list', async () => {
    await withSandbox({ batchPolls: 1 }, async (api, sandbox) => {
      sandbox.fail('vanished started batch');
      const { body } = await api.post('/batches', { operations: [operation(LIST, { members: rows(ADA) })] });
      let status = 200;
      while (status === 200) ({ status } = await api.get(`/batches/${body.id}`));
      expect(status).toBe(404);
      expect((await api.delete(`/batches/${body.id}`)).status).toBe(404);
      expect((await api.get('/batches')).body.total_items).toBe(0);
      sandbox.control.set({ batchPolls: 0 });
      await runBatch(api, [operation('/ping')]);
      expect(sandbox.state(AUDIENCE).members).toBe(1);
    });
  });

  test('hide a batch from its first moment', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('vanished batch');
      const { body } = await api.post('/batches', { operations: [operation(LIST, { members: rows(ADA) })] });
      expect(body.status).toBe('pending');
      expect((await api.get(`/batches/${body.id}`)).status).toBe(404);
      await runBatch(api, [operation('/ping')]);
      expect(sandbox.state(AUDIENCE).members).toBe(1);
    });
  });

  test('finish a batch without a result URL', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('empty url');
      expect((await runBatch(api, [operation('/ping')])).response_body_url).toBe('');
      expect((await runBatch(api, [operation('/ping')])).response_body_url).not.toBe('');
    });
  });

  test('truncate an archive permanently, or one download', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('truncated result');
      const bad = await runBatch(api, [operation('/lists'), operation('/ping')]);
      await expect(download(bad.response_body_url as string).then(untar)).rejects.toThrow(
        'unexpected end of file',
      );
      await expect(download(bad.response_body_url as string).then(untar)).rejects.toThrow(
        'unexpected end of file',
      );
      const good = await runBatch(api, [operation('/lists'), operation('/ping')]);
      sandbox.fail('truncated download');
      await expect(download(good.response_body_url as string)).rejects.toThrow('terminated');
      expect(await results(good)).toHaveLength(2);
    });
  });

  test('omit results, and let a URL expire early', async () => {
    await withSandbox({}, async (api, sandbox) => {
      sandbox.fail('missing result');
      const batch = await runBatch(api, [operation('/lists'), operation('/ping')]);
      expect([batch.finished_operations, (await results(batch)).length]).toEqual([2, 1]);
      sandbox.fail('expired url');
      expect((await fetch(batch.response_body_url as string)).status).toBe(403);
      expect((await fetch(batch.response_body_url as string)).status).toBe(200);
    });
  });
});
