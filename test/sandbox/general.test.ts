import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/index';
import { startSandbox } from '../../src/sandbox/index';
import { answerOf, Api, LIST, withSandbox } from './support';

const TYPE = 'https://mailchimp.com/developer/marketing/docs/errors/';

let sandbox: Sandbox;
let api: Api;

beforeAll(async () => {
  sandbox = await startSandbox({ audiences: [{ id: '1a2b3c4d5e', name: 'One', doubleOptin: true }] });
  api = new Api(sandbox);
});

afterAll(() => sandbox.close());

const keyed = (authorization: string): Api => new Api(sandbox, { authorization });
const basic = (pair: string): Api => keyed(`Basic ${Buffer.from(pair).toString('base64')}`);

describe('credentials', () => {
  test('a key is accepted as the password of any user, as a bearer token and in the OAuth scheme', async () => {
    for (const one of [
      basic(`anybody:${sandbox.apiKey}`),
      keyed(`Bearer ${sandbox.apiKey}`),
      keyed(`OAuth ${sandbox.apiKey}`),
    ])
      expect((await one.get('/ping')).body).toEqual({ health_status: "Everything's Chimpy!" });
  });

  test('a request without a key is refused with API Key Missing', async () => {
    const { status, body, headers } = await new Api(sandbox, {}).get('/ping');
    expect(status).toBe(401);
    expect(body).toEqual({
      type: TYPE,
      title: 'API Key Missing',
      status: 401,
      detail: 'Your request did not include an API key.',
      instance: headers.get('x-request-id'),
    });
  });

  test.each([
    ['of another data centre', '0123456789abcdef0123456789abcdef-us2'],
    ['without a data centre', '0123456789abcdef0123456789abcdef'],
    ['that does not exist', 'ffffffffffffffffffffffffffffffff-us1'],
  ])('a key %s is invalid', async (_case, key) => {
    const { status, body } = await keyed(`Bearer ${key}`).get('/');
    expect({ status, title: body.title, detail: body.detail }).toEqual({
      status: 401,
      title: 'API Key Invalid',
      detail: "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
    });
  });

  test('a revoked key and a deactivated account are refused everywhere', async () => {
    sandbox.control.set({ switches: { keysRevoked: true } });
    expect((await api.get('/ping')).body.title).toBe('API Key Invalid');
    sandbox.control.set({ switches: { keysRevoked: false, accountDisabled: true } });
    expect((await api.get('/ping')).body).toMatchObject({ status: 403, title: 'User Disabled' });
    sandbox.control.set({ switches: { accountDisabled: false } });
    expect((await api.get('/ping')).status).toBe(200);
  });
});

describe('problem documents', () => {
  test('an unknown path is a 404 with the media type of problems, and a warning', async () => {
    const { status, headers, body } = await api.get('/lists/0000000000');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(headers.get('x-request-id')).toBe(body.instance);
    expect(body).toMatchObject({
      type: TYPE,
      title: 'Resource Not Found',
      detail: 'The requested resource could not be found.',
    });
    expect((await api.get('/nowhere')).status).toBe(404);
    expect(sandbox.warnings).toContain('no such route: GET /nowhere');
  });

  test('a wrong method is a 405 that names the allowed ones', async () => {
    const { status, headers, body } = await api.put(LIST, {});
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET, POST, DELETE');
    expect(body.detail).toBe(
      "The requested method and resource are not compatible. See the Allow header for this resource's available methods.",
    );
  });

  test('a path that is too deep, or no path at all, is a 414', async () => {
    expect((await api.get(`/lists${'/a'.repeat(12)}`)).body).toMatchObject({
      status: 414,
      title: 'Resource Nesting Too Deep',
    });
    expect((await api.get('/lists/%zz')).status).toBe(414);
  });

  test('a body that is not JSON is a JSON parse exception', async () => {
    expect((await api.post(LIST, '{"members":')).body).toMatchObject({
      status: 400,
      title: 'JSON Parse Exception',
    });
  });

  test('X-Trigger-Error returns the error that it names, as in the real service', async () => {
    const asked = new Api(sandbox, { ...api.headers, 'x-trigger-error': 'TooManyRequests' });
    expect((await asked.get('/ping')).body).toMatchObject({
      status: 429,
      title: 'Too Many Requests',
      detail: 'You have exceeded the limit of 10 simultaneous connections.',
    });
  });

  test('the method can be overridden only in a POST', async () => {
    const asked = new Api(sandbox, { ...api.headers, 'x-http-method-override': 'GET' });
    expect((await asked.post('/ping')).body).toEqual({ health_status: "Everything's Chimpy!" });
    expect((await asked.get('/ping')).status).toBe(422);
  });
});

describe('the account and its audiences', () => {
  test('the root shows the account and the role', async () => {
    const { body } = await api.get('/');
    expect(body).toMatchObject({
      account_name: 'Sandbox',
      role: 'owner',
      total_subscribers: 0,
      pricing_plan_type: 'monthly',
    });
    expect(body.account_id).toMatch(/^[0-9a-f]{24}$/);
  });

  test('an audience shows its settings', async () => {
    const { body } = await api.get(LIST);
    expect(body).toMatchObject({
      id: '1a2b3c4d5e',
      name: 'One',
      double_optin: true,
      email_type_option: false,
      marketing_permissions: false,
    });
    expect(body.stats).toMatchObject({ member_count: 0, merge_field_count: 4 });
    expect(body.stats).not.toHaveProperty('total_contacts');
    expect((await api.get(`${LIST}?include_total_contacts=true`)).body.stats.total_contacts).toBe(0);
  });

  test('statistics are cached for five minutes', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    await withSandbox({ clock: () => now }, async (api) => {
      expect((await api.get(LIST)).body.stats.member_count).toBe(0);
      await api.subscribe([{ email_address: 'ada@lovelace.org', status: 'subscribed' }]);
      now += 299_000;
      expect((await api.get(LIST)).body.stats.member_count).toBe(0);
      now += 2_000;
      expect((await api.get(LIST)).body.stats.member_count).toBe(1);
    });
  });

  test('a deleted audience is gone with everything in it', async () => {
    await withSandbox({}, async (api) => {
      expect((await api.delete(LIST)).status).toBe(204);
      expect((await api.get(LIST)).status).toBe(404);
      expect((await api.get(`${LIST}/members`)).status).toBe(404);
    });
  });

  test('each account sees only its own audiences', async () => {
    const key = 'f'.repeat(32);
    const accounts = [
      { apiKeys: [`${key}-us7`, `${key}-us8`], audiences: [{ id: 'ffffffffff', name: 'Other' }] },
    ];
    await withSandbox({ accounts }, async (api, sandbox) => {
      const other = new Api(sandbox, { authorization: `Bearer ${key}-us7` });
      expect((await other.get('/lists')).body.lists.map((list: { id: string }) => list.id)).toEqual([
        'ffffffffff',
      ]);
      expect((await other.get(LIST)).status).toBe(404);
      expect((await api.get(LIST)).status).toBe(200);
    });
  });
});

const encodingFor = async (accepted: string): Promise<string | null> => {
  const reply = await fetch(`${sandbox.url}/lists`, {
    headers: { ...api.headers, 'accept-encoding': accepted },
  });
  expect((await answerOf(reply)).body.total_items).toBe(1);
  return reply.headers.get('content-encoding');
};

describe('fields, pages and compression', () => {
  test('fields selects and exclude_fields omits, with dots, also inside lists', async () => {
    expect((await api.get('/lists?fields=lists.id,lists.stats.member_count,total_items')).body).toEqual({
      lists: [{ id: '1a2b3c4d5e', stats: { member_count: 0 } }],
      total_items: 1,
    });
    const { body } = await api.get('/lists?exclude_fields=_links,lists._links,lists.stats');
    expect(Object.keys(body)).not.toContain('_links');
    expect(Object.keys(body.lists[0])).not.toContain('stats');
    expect(Object.keys(body.lists[0])).toContain('name');
  });

  test('both together, and unknown names, are refused', async () => {
    expect((await api.get('/lists?fields=lists&exclude_fields=_links')).status).toBe(400);
    expect((await api.get('/lists?fields=lists.nonsense')).status).toBe(400);
    sandbox.control.set({ switches: { unknownFieldsRefused: false } });
    expect((await api.get('/lists?fields=lists.nonsense')).status).toBe(200);
  });

  test('pages have ten entries by default and at most a thousand', async () => {
    await withSandbox({ replies: 'lean' }, async (api) => {
      for (let part = 0; part < 3; part++)
        await api.subscribe(
          Array.from({ length: 400 }, (_, row) => ({
            email_address: `p${part}.${row}@wp.pl`,
            status: 'subscribed',
          })),
        );
      const page = async (query: string) => (await api.get(`${LIST}/members?${query}`)).body;
      expect((await page('')).members).toHaveLength(10);
      expect((await page('count=5000')).members).toHaveLength(1000);
      expect((await page('count=1000&offset=1000')).members).toHaveLength(200);
      expect((await page('count=1')).total_items).toBe(1200);
    });
  });

  test('only a client that accepts gzip gets it', async () => {
    expect(await encodingFor('gzip')).toBe('gzip');
    expect(await encodingFor('identity')).toBeNull();
  });
});
