import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startProgram } from '../../src/dev/programs/start-program';
import { startSandbox, type SandboxOptions } from '../../src/sandbox';
import {
  ADA,
  type Api,
  AUDIENCE,
  batchInState,
  LIST,
  memberPath,
  operation,
  results,
  runBatch,
  withSandbox,
} from './support';

let folder: string;
let options: SandboxOptions;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kept-'));
  options = { keepIn: folder };
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const person = (number: number, more: object = {}) => ({
  email_address: `Person${number}@mail.chinook.org`,
  status_if_new: 'subscribed',
  merge_fields: { FNAME: `First ${number}` },
  ...more,
});

const rowOf = (number: number) => ({ members: [person(number)], update_existing: true });

async function read(api: Api, path: string): Promise<unknown> {
  const { status, body } = await api.get(path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return body;
}

/** All that the API shows of the audience. */
async function view(api: Api): Promise<object> {
  return {
    root: await read(api, '/?fields=account_id,login_id'),
    list: await read(api, `${LIST}?exclude_fields=stats`),
    mergeFields: await read(api, `${LIST}/merge-fields?count=100`),
    segments: await read(api, `${LIST}/segments?count=100`),
    members: await readMembers(api, ''),
    archived: await readMembers(api, '&status=archived'),
  };
}

/** With sorted tags: Mailchimp returns them in another order each time. */
async function readMembers(api: Api, more: string): Promise<object> {
  const page = (await read(api, `${LIST}/members?count=100${more}`)) as {
    members: { tags: { id: number }[] }[];
  };
  for (const member of page.members) member.tags.sort((one, other) => one.id - other.id);
  return page;
}

/** New ids of a member, a tag and a merge field. */
async function idsOf(api: Api, number: number) {
  const { body } = await api.put(memberPath(`person${number}@mail.chinook.org`), person(number));
  const tag = await api.post(`${LIST}/segments`, { name: `Tag ${number}`, static_segment: [] });
  const field = await api.post(`${LIST}/merge-fields`, { name: 'X', tag: `X${number}`, type: 'text' });
  return { member: body.web_id, tag: tag.body.id, field: field.body.merge_id };
}

describe('a sandbox that keeps its state', () => {
  test('shows after a restart what it showed before: members with ids and times, tags, merge fields, statuses', async () => {
    let before: object = {};
    await withSandbox(options, async (api, { control }) => {
      await api.post(`${LIST}/merge-fields`, { tag: 'BORN', name: 'Born', type: 'birthday' });
      await api.post(`${LIST}/merge-fields`, { tag: 'GONE', name: 'Gone', type: 'text' });
      await api.delete(`${LIST}/merge-fields/6`);
      await api.post(`${LIST}/merge-fields`, { tag: 'SIZE', name: 'Size', type: 'number' });
      await api.subscribe([
        person(1, { merge_fields: { FNAME: 'Søren, "the" 大\nElder', SIZE: 7 }, tags: ['VIP', 'North'] }),
        person(2, { vip: true, language: 'de', location: { latitude: 1.5, longitude: 2 } }),
        person(3, { tags: ['VIP'] }),
        person(4),
        person(5, { status_if_new: 'pending' }),
        person(6),
      ]);
      await api.patch(memberPath('person2@mail.chinook.org'), { email_address: 'Moved@mail.chinook.org' });
      await api.post(`${memberPath('person4@mail.chinook.org')}/actions/delete-permanent`);
      await api.delete(memberPath('person3@mail.chinook.org'));
      const { body } = await api.get(`${LIST}/tag-search?name=North`);
      await api.patch(`${LIST}/segments/${body.tags[0].id}`, { name: 'Far north' });
      control.act({ audience: AUDIENCE, email: 'person1@mail.chinook.org', action: 'unsubscribe' });
      control.act({ audience: AUDIENCE, email: 'person6@mail.chinook.org', action: 'throttle' });
      before = await view(api);
    });
    await withSandbox(options, async (api, sandbox) => {
      expect(await view(api)).toEqual(before);
      expect(sandbox.state(AUDIENCE)).toMatchObject({
        tags: { VIP: 1, 'Far north': 1 },
        byStatus: { unsubscribed: 1, archived: 1, pending: 1, subscribed: 2 },
        forgotten: 1,
      });
      const { body } = await api.subscribe([person(4), person(1, { status: 'subscribed' })]);
      expect(body.errors.map(({ error }: { error: string }) => error)).toEqual([
        expect.stringContaining('was permanently deleted'),
        expect.stringContaining('compliance state'),
      ]);
    });
  });

  test('gives no id of a deleted member, tag or merge field a second time', async () => {
    let first = { member: 0, tag: 0, field: 0 };
    await withSandbox(options, async (api) => {
      first = await idsOf(api, 1);
      await api.post(`${memberPath('person1@mail.chinook.org')}/actions/delete-permanent`);
      await api.delete(`${LIST}/segments/${first.tag}`);
      await api.delete(`${LIST}/merge-fields/${first.field}`);
    });
    await withSandbox(options, async (api) => {
      const { member, tag, field } = await idsOf(api, 2);
      expect({ member, tag, field }).toEqual({
        member: first.member + 1,
        tag: first.tag + 1,
        field: first.field + 1,
      });
    });
  });

  test('killed after a reply, has lost nothing of it', async () => {
    const started = await startProgram(require.resolve('../../dist/dev/programs/sandbox-process'), [
      JSON.stringify(options),
    ]);
    const { url, apiKey } = JSON.parse(started.readyText) as { url: string; apiKey: string };
    const headers = { authorization: `Bearer ${apiKey}` };
    const crowd = Array.from({ length: 500 }, (_, number) => person(number, { tags: ['Crowd'] }));
    for (let part = 0; part < 4; part += 1) {
      const members = crowd.map((row) => ({ ...row, email_address: `part${part}-${row.email_address}` }));
      const sent = { method: 'POST', headers, body: JSON.stringify({ members, update_existing: true }) };
      expect(await (await fetch(`${url}${LIST}`, sent)).json()).toMatchObject({ total_created: 500 });
    }
    process.kill(started.process.pid, 'SIGKILL');
    await started.process.ended;
    await withSandbox(options, async (_api, sandbox) => {
      expect(sandbox.state(AUDIENCE)).toMatchObject({ members: 2000, tags: { Crowd: 2000 } });
    });
  });

  test('lets no second sandbox use its folder, in this process or another one, until it is closed', async () => {
    const refusal = /^sandbox: another sandbox \(process \d+\) uses the folder .* delete .*sandbox\.pid$/;
    await withSandbox(options, async (api, sandbox) => {
      await expect(startSandbox(options)).rejects.toThrow(refusal);
      await api.subscribe([person(1)]);
      expect(sandbox.state(AUDIENCE).members).toBe(1);
    });
    const other = await startProgram(require.resolve('../../dist/dev/programs/sandbox-process'), [
      JSON.stringify(options),
    ]);
    await expect(startSandbox(options)).rejects.toThrow(`process ${other.process.pid}`);
    await other.process.stop();
    await withSandbox(options, async (_api, sandbox) => {
      expect(sandbox.state(AUDIENCE).members).toBe(1);
    });
  });

  test('leaves its folder to the next one when it does not start', async () => {
    const file = join(folder, 'state.ndjson');
    await writeFile(file, 'no state\n');
    await expect(startSandbox(options)).rejects.toThrow('is damaged');
    await rm(file);
    await withSandbox(options, async (_api, { port }) => {
      await expect(startSandbox({ ...options, port })).rejects.toThrow('another sandbox');
      await expect(startSandbox({ keepIn: join(folder, 'other'), port })).rejects.toThrow('EADDRINUSE');
    });
    await withSandbox({ keepIn: join(folder, 'other') }, async (_api, sandbox) => {
      expect(sandbox.state(AUDIENCE).members).toBe(0);
    });
  });

  test('reads a file whose last line was cut off, and goes on with it', async () => {
    await withSandbox(options, async (api) => {
      await api.subscribe([person(1)]);
    });
    await appendFile(join(folder, 'state.ndjson'), '{"in":"1a2b3c4d5e","member":1,"emai');
    await withSandbox(options, async (api, sandbox) => {
      expect(sandbox.state(AUDIENCE).members).toBe(1);
      await api.subscribe([person(2)]);
    });
    await withSandbox(options, async (_api, sandbox) => {
      expect(sandbox.state(AUDIENCE).members).toBe(2);
    });
  });

  test.each([
    ['is no record of a sandbox', (text: string) => text.replace('"subscribed"', '"subscribe')],
    ['is no record of a sandbox', (text: string) => text.replace('"mergeFields"', '"fields"')],
    ['is not of format 1', (text: string) => text.replace('{"format":1}', '{"format":2}')],
    ['names an audience that no line before it has', (text: string) => text.replace('"in":"1a', '"in":"2b')],
    ['it has no line', () => ''],
    ['it has no line', (text: string) => text.slice(0, 6)],
  ])('refuses a damaged file: %s', async (why, damage) => {
    await withSandbox(options, async (api) => {
      await api.subscribe([person(1)]);
    });
    const file = join(folder, 'state.ndjson');
    const text = await readFile(file, 'utf8');
    await writeFile(file, damage(text));
    expect(damage(text)).not.toBe(text);
    await expect(startSandbox(options)).rejects.toThrow(/^sandbox: the state file .* is damaged: /);
    await expect(startSandbox(options)).rejects.toThrow(why);
  });

  test('adds audiences and merge fields that it does not have, and seeds no member into one that it has', async () => {
    const members = [{ email_address: ADA, status: 'subscribed' as const }];
    const one = { id: AUDIENCE, name: 'One', members };
    await withSandbox({ ...options, audiences: [one] }, async (api) => {
      await api.delete(memberPath(ADA));
      await api.subscribe([person(1)]);
    });
    const born = { tag: 'BORN', name: 'Born', type: 'birthday' as const };
    const two = { id: '2a2b3c4d5e', name: 'Two', members };
    const audiences = [{ ...one, mergeFields: [born] }, two];
    await withSandbox({ ...options, audiences }, async (api, sandbox) => {
      expect(sandbox.state(AUDIENCE).byStatus).toMatchObject({ subscribed: 1, archived: 1 });
      expect(sandbox.state('2a2b3c4d5e').members).toBe(1);
      const { body } = await api.get(`${LIST}/merge-fields`);
      expect(
        body.merge_fields.map(({ merge_id, tag }: { merge_id: number; tag: string }) => [merge_id, tag]),
      ).toEqual([
        [1, 'FNAME'],
        [2, 'LNAME'],
        [3, 'ADDRESS'],
        [4, 'PHONE'],
        [5, 'BORN'],
      ]);
    });
    await withSandbox(options, async (_api, sandbox) => {
      expect(sandbox.state('2a2b3c4d5e').members).toBe(1);
    });
  });

  test('has the results of a finished batch after a restart, and finishes one that had not', async () => {
    let finished = '';
    let waiting = '';
    await withSandbox(options, async (api, sandbox) => {
      const batch = await runBatch(api, [operation(LIST, { members: [person(1)], update_existing: true })]);
      finished = batch.id;
      sandbox.fail('stuck started batch');
      const operations = [2, 3].map((number) =>
        operation(LIST, { members: [person(number)], update_existing: true }, { operation_id: `${number}` }),
      );
      const { body } = await api.post('/batches', { operations });
      waiting = body.id;
      await batchInState(api, waiting, 'started');
    });
    await withSandbox(options, async (api, sandbox) => {
      const { body } = await api.get(`/batches/${finished}`);
      expect(body).toMatchObject({ status: 'finished', total_operations: 1 });
      expect(await results(body)).toMatchObject([{ status_code: 200 }]);
      const ended = await batchInState(api, waiting, 'finished');
      expect(ended).toMatchObject({ total_operations: 2, finished_operations: 2, errored_operations: 0 });
      expect(await results(ended)).toHaveLength(2);
      expect(sandbox.state(AUDIENCE).members).toBe(3);
      await api.delete(`/batches/${finished}`);
    });
    await withSandbox(options, async (api) => {
      expect((await api.get(`/batches/${finished}`)).status).toBe(404);
      expect((await api.get(`/batches/${waiting}`)).status).toBe(200);
    });
  });

  test('acknowledges nothing from the moment at which it cannot write its state', async () => {
    const sandbox = await startSandbox(options);
    const send = async (path: string, body: object) => {
      const headers = { authorization: `Bearer ${sandbox.apiKey}` };
      const reply = await fetch(sandbox.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: reply.status, body: await reply.json() };
    };
    expect(await send(LIST, rowOf(1))).toMatchObject({ status: 200 });
    await rm(join(folder, 'batches'), { recursive: true });
    const lost = {
      status: 500,
      body: { detail: expect.stringContaining('its state could not be written (ENOENT') },
    };
    expect(await send('/batches', { operations: [operation(LIST, rowOf(2))] })).toMatchObject(lost);
    expect(await send(LIST, rowOf(3))).toMatchObject(lost);
    await expect(sandbox.close()).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
    await withSandbox(options, async (_api, restarted) => {
      expect([...restarted.members(AUDIENCE)]).toHaveLength(1);
    });
  });

  test('rewrites a file that consists mostly of outdated lines', async () => {
    await withSandbox(options, async (api) => {
      for (let turn = 0; turn < 200; turn += 1)
        await api.subscribe([person(1, { tags: [`Tag ${turn % 3}`] })]);
      for (let turn = 0; turn < 100; turn += 1)
        await api.subscribe([person(1, { merge_fields: { FNAME: `${turn}` } })]);
    });
    const file = join(folder, 'state.ndjson');
    const { size } = await stat(file);
    await withSandbox(options, async (_api, sandbox) => {
      expect((await stat(file)).size).toBeLessThan(size / 10);
      expect([...sandbox.members(AUDIENCE)]).toMatchObject([
        { mergeFields: { FNAME: '99' }, tags: ['Tag 0', 'Tag 1', 'Tag 2'] },
      ]);
    });
  });

  test('reads a file of version 0.3.0, whose members have no time of their opt-in', async () => {
    await withSandbox(options, async (api) => {
      await api.subscribe([person(1), person(2, { status_if_new: 'pending' })]);
    });
    const file = join(folder, 'state.ndjson');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(/"optedInAt":\d+,?/g, '').replaceAll(',}', '}'));
    await withSandbox(options, async (api) => {
      const times = [1, 2].map(async (number) => {
        const { body } = await api.member(`person${number}@mail.chinook.org`);
        return (body.timestamp_opt as string) !== '';
      });
      expect(await Promise.all(times)).toEqual([true, false]);
    });
  });

  test('does not bring back an audience that was deleted', async () => {
    const other = { id: '2a2b3c4d5e', name: 'Two' };
    await withSandbox({ ...options, audiences: [{ ...other, id: AUDIENCE }, other] }, async (api) => {
      await api.subscribe([person(1)]);
      expect((await api.delete(LIST)).status).toBe(204);
    });
    await withSandbox({ ...options, audiences: [other] }, async (api) => {
      expect((await api.get(LIST)).status).toBe(404);
      expect((await api.get('/lists')).body.total_items).toBe(1);
    });
  });

  test('is readable by its owner only', async () => {
    await withSandbox(options, async (api) => {
      await api.subscribe([person(1)]);
    });
    expect((await stat(join(folder, 'state.ndjson'))).mode & 0o077).toBe(0);
    expect((await stat(join(folder, 'batches'))).mode & 0o077).toBe(0);
  });
});
