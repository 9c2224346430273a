import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/index';
import { startSandbox } from '../../src/sandbox/index';
import type { Answer } from './support';
import {
  ADA,
  answerOf,
  AUDIENCE,
  LIST,
  memberPath,
  operation,
  runBatch,
  seeded,
  withSandbox,
} from './support';

async function control(sandbox: Sandbox, call: string, body?: unknown): Promise<Answer> {
  const [method, path] = call.split(' ') as [string, string];
  const url = `http://127.0.0.1:${sandbox.port}/_sandbox${path}`;
  return answerOf(
    await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),
  );
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('the control endpoints', () => {
  test('show audiences, batches, requests and faults', async () => {
    await withSandbox(
      seeded({ email_address: ADA, status: 'subscribed', tags: ['A'] }),
      async (api, sandbox) => {
        await runBatch(api, [operation('/ping')]);
        sandbox.fail('429 twice on POST /lists/*');
        const { body } = await control(sandbox, 'GET /state');
        expect(body.audiences).toEqual([sandbox.state(AUDIENCE)]);
        expect(body.audiences[0]).toMatchObject({
          members: 1,
          byStatus: { subscribed: 1, archived: 0 },
          tags: { A: 1 },
        });
        expect(body.batches).toMatchObject([{ state: 'finished', total: 1, finished: 1, errored: 0 }]);
        expect(body.requests).toContainEqual({
          method: 'GET',
          route: '/ping',
          via: 'batch',
          status: 200,
          count: 1,
        });
        expect(body.faults).toMatchObject([{ left: 2 }]);
        expect((await control(sandbox, 'DELETE /requests')).status).toBe(204);
        expect(sandbox.requests()).toEqual([]);
      },
    );
  });

  test('list members, one JSON line each', async () => {
    const members = [
      { email_address: ADA, status: 'archived' as const, tags: ['A'], merge_fields: { FNAME: 'Ada' } },
      { email_address: 'x@wp.pl', status: 'pending' as const },
    ];
    await withSandbox(seeded(...members), async (_api, sandbox) => {
      const { text } = await control(sandbox, `GET /audiences/${AUDIENCE}/members`);
      expect(
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual([
        {
          email: ADA,
          status: 'archived',
          merge_fields: { FNAME: 'Ada', LNAME: '', ADDRESS: '', PHONE: '' },
          tags: ['A'],
        },
        {
          email: 'x@wp.pl',
          status: 'pending',
          merge_fields: { FNAME: '', LNAME: '', ADDRESS: '', PHONE: '' },
          tags: [],
        },
      ]);
      expect((await control(sandbox, 'GET /audiences/nope/members')).body.error).toBe(
        "the sandbox has no audience 'nope'",
      );
    });
  });

  test('accept faults as objects and as text, and explain invalid ones', async () => {
    await withSandbox({}, async (api, sandbox) => {
      expect((await control(sandbox, 'POST /faults', { text: '429 on GET /ping' })).status).toBe(204);
      expect(
        (
          await control(sandbox, 'POST /faults', {
            match: 'GET /ping',
            effect: { type: 'status', status: 500 },
          })
        ).status,
      ).toBe(204);
      expect([(await api.get('/ping')).status, (await api.get('/ping')).status]).toEqual([429, 500]);
      expect((await control(sandbox, 'POST /faults', { text: 'nonsense' })).body.error).toContain(
        'not a fault',
      );
      expect((await control(sandbox, 'POST /faults', { effect: { type: 'nonsense' } })).status).toBe(400);
      await control(sandbox, 'POST /faults', { text: '429 always on GET /ping' });
      expect((await control(sandbox, 'DELETE /faults')).status).toBe(204);
      expect((await api.get('/ping')).status).toBe(200);
    });
  });

  test('apply actions of contacts and other tools', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'subscribed' }), async (_api, sandbox) => {
      const act = (action: string, rest: object = {}): Promise<Answer> =>
        control(sandbox, 'POST /act', { audience: AUDIENCE, email: ADA.toLowerCase(), action, ...rest });
      const ada = () => [...sandbox.members(AUDIENCE)][0];
      await act('tag', { tag: 'Other tool' });
      await act('edit', { mergeFields: { LNAME: 'King' } });
      expect(ada()).toMatchObject({ email: ADA, tags: ['Other tool'], mergeFields: { LNAME: 'King' } });
      await act('untag', { tag: 'Other tool' });
      await act('unsubscribe');
      expect(ada()).toMatchObject({ status: 'unsubscribed', inCompliance: true, tags: [] });
      await act('clean');
      expect(ada()).toMatchObject({ status: 'cleaned', inCompliance: true });
      await act('archive');
      expect(ada()?.status).toBe('archived');
      await act('delete-permanent');
      expect(sandbox.state(AUDIENCE)).toMatchObject({ members: 0, forgotten: 1 });
      expect((await act('archive')).body.error).toContain('no member with this address');
      await act('subscribe');
      expect(ada()).toMatchObject({ status: 'subscribed', inCompliance: false });
      expect((await act('dance')).status).toBe(400);
    });
  });

  test('accept a fault with any act, also an edit', async () => {
    await withSandbox(seeded({ email_address: ADA, status: 'subscribed' }), async (api, sandbox) => {
      const act = { audience: AUDIENCE, email: ADA, action: 'edit', mergeFields: { LNAME: 'King' } };
      const fault = { match: 'GET /ping', effect: { type: 'act', act } };
      expect((await control(sandbox, 'POST /faults', fault)).status).toBe(204);
      await api.get('/ping');
      expect([...sandbox.members(AUDIENCE)][0]).toMatchObject({ mergeFields: { LNAME: 'King' } });
    });
  });

  test('change settings, and refuse unknown ones without changing any', async () => {
    await withSandbox({}, async (api, sandbox) => {
      const patch = (body: object): Promise<Answer> => control(sandbox, 'PATCH /settings', body);
      expect((await patch({ replies: 'lean', switches: { role: 'viewer' } })).status).toBe(204);
      expect((await api.get('/')).body.role).toBe('viewer');
      expect((await patch({ operationMs: 5, switches: { nonsense: true } })).body.error).toBe(
        "sandbox: there is no switch 'nonsense'",
      );
      expect((await patch({ operationMs: 'long' })).body.error).toBe(
        "sandbox: 'operationMs' must be a number",
      );
      expect((await patch({ nonsense: 1 })).body.error).toBe("sandbox: there is no setting 'nonsense'");
      expect((await control(sandbox, 'GET /state')).body.settings).toMatchObject({
        operationMs: 0,
        replies: 'lean',
      });
    });
  });
});

describe('the record', () => {
  test('has a line for every request, including those of batches, and no credential', async () => {
    const file = join(folder, 'requests.ndjson');
    const options = { ...seeded(), record: file, clock: () => Date.parse('2026-01-01T00:00:00Z') };
    let key = '';
    await withSandbox(options, async (api, sandbox) => {
      key = sandbox.apiKey;
      await api.get('/lists?count=5');
      await api.put(memberPath(ADA), JSON.stringify({ email_address: ADA, status: 'subscribed' }, null, 2));
      await api.post(LIST, 'not JSON');
      sandbox.fail('reset on GET /ping');
      await api.get('/ping').catch(String);
      await runBatch(api, [operation('/ping?fields=health_status')]);
    });
    const text = await readFile(file, 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const at = '2026-01-01T00:00:00.000Z';
    expect(lines.slice(0, 4)).toEqual([
      { at, method: 'GET', path: '/lists', query: { count: '5' }, body: null, status: 200 },
      {
        at,
        method: 'PUT',
        path: memberPath(ADA),
        query: {},
        body: { email_address: ADA, status: 'subscribed' },
        status: 200,
      },
      { at, method: 'POST', path: LIST, query: {}, body: 'not JSON', status: 400 },
      { at, method: 'GET', path: '/ping', query: {}, body: null, status: 0 },
    ]);
    expect(lines).toContainEqual({
      at,
      method: 'GET',
      path: '/ping',
      query: { fields: 'health_status' },
      body: null,
      status: 200,
      via: 'batch',
    });
    expect(text).not.toContain(key.split('-')[0]);
    expect(text.toLowerCase()).not.toContain('authorization');
  });
});

describe('seeds', () => {
  const members = [
    { email_address: ADA, status: 'unsubscribed', merge_fields: { FNAME: 'Ada' }, tags: ['A', 'B'] },
    { email_address: 'x@wp.pl', status: 'subscribed', tags: ['B'] },
  ];

  test.each([
    ['lines of JSON', members.map((member) => JSON.stringify(member)).join('\n\n')],
    ['one JSON array', JSON.stringify(members, null, 2)],
  ])('are read from a file of %s', async (_form, text) => {
    const membersFile = join(folder, 'members');
    await writeFile(membersFile, text);
    await withSandbox({ audiences: [{ id: AUDIENCE, name: 'One', membersFile }] }, async (api, sandbox) => {
      expect(sandbox.state(AUDIENCE)).toMatchObject({
        members: 2,
        byStatus: { unsubscribed: 1, subscribed: 1 },
        tags: { A: 1, B: 2 },
      });
      expect((await api.member(ADA)).body.merge_fields.FNAME).toBe('Ada');
    });
  });

  test.each([
    ['a line that is not JSON', '{"email_address":', 'line 1 is not JSON'],
    ['a status that there is not', '{"email_address":"x@wp.pl","status":"gone"}', 'one status of subscribed'],
    ['an address twice', `${JSON.stringify(members[1])}\n${JSON.stringify(members[1])}`, 'seeded twice'],
  ])('are refused with %s', async (_case, text, message) => {
    const membersFile = join(folder, 'members');
    await writeFile(membersFile, text);
    await expect(startSandbox({ audiences: [{ id: AUDIENCE, name: 'One', membersFile }] })).rejects.toThrow(
      message,
    );
  });

  test('need a key with its data centre', async () => {
    await expect(startSandbox({ apiKey: 'abc' })).rejects.toThrow(
      "sandbox: an API key must end in '-' and its data centre, such as '-us1'",
    );
  });
});

test('a port in use is an error', async () => {
  await withSandbox({}, async (_api, sandbox) => {
    await expect(startSandbox({ port: sandbox.port })).rejects.toThrow('EADDRINUSE');
  });
});
