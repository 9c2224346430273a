import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { createAlerts } from '../../src/alerts';
import { AlertsSchema } from '../../src/config/alert-config';
import { alertId, type Alert, type Notice } from '../../src/contract/alert';
import { ExportError } from '../../src/errors';
import { openReceiver, status, type Receiver } from '../support/receiver';

const secretOf = () => `whsec_${randomBytes(32).toString('base64')}`;
const SECRET = secretOf();

const NOTICE: Notice = {
  kind: 'held',
  destinationId: 'newsletter',
  name: 'Newsletter',
  labels: ['eu'],
  at: '2026-11-30T06:00:00.000Z',
  export: { exportId: '0b0e7c0e-5a55-4ae6-9d59-7d3e0b8a4b5d', kind: 'export', number: 7 },
  guards: ['MASS_REMOVAL'],
};
const HELD: Alert = { notice: NOTICE, event: 'held' };

const CALL = { namespace: 'default' };

const refusal = async (sent: Promise<unknown>) =>
  sent.then(
    () => undefined,
    (error: unknown) => error as ExportError,
  );

describe('an alert', () => {
  let receiver: Receiver;
  let secrets: Record<string, string>;

  beforeEach(async () => {
    receiver = await openReceiver();
    secrets = { 'env:URL': `${receiver.url}/hook`, 'env:SECRET': SECRET };
  });

  afterEach(() => receiver.close());

  const alertsOf = (config: Record<string, unknown>, webUi?: string) =>
    createAlerts({
      receivers: AlertsSchema.parse({ ops: { url: 'env:URL', ...config } }),
      secrets: {
        resolve: async (reference) => {
          const text = secrets[reference];
          if (text === undefined) throw new ExportError('SECRET_UNAVAILABLE', `${reference} is not set.`);
          return text;
        },
      },
      webUi,
    });
  const webhook = { kind: 'webhook', secret: 'env:SECRET' };
  const send = (alert: Alert = HELD, config: Record<string, unknown> = webhook, webUi?: string) =>
    alertsOf(config, webUi).send('ops', alert, CALL);
  test('is a Standard Webhook, which the library of its authors verifies; with each secret while one is replaced', async () => {
    const next = secretOf();
    secrets['env:SECRET'] = `${SECRET} ${next}`;
    await send();
    const [{ text, headers, path }] = receiver.received as [(typeof receiver.received)[number]];
    expect(path).toBe('/hook');
    const signed = headers as Record<string, string>;
    for (const secret of [SECRET, next])
      expect(new Webhook(secret).verify(text, signed)).toEqual(JSON.parse(text));
    expect(() => new Webhook(secretOf()).verify(text, signed)).toThrow(/signature/i);
    expect(() => new Webhook(SECRET).verify(text.replace('newsletter', 'other'), signed)).toThrow(
      /signature/i,
    );
  });

  test('has a thin body: names of the destination, ids, counts and codes', async () => {
    await send(HELD, webhook, 'https://temporal.example/');
    expect(receiver.received[0]?.body).toEqual({
      type: 'export.held',
      timestamp: '2026-11-30T06:00:00.000Z',
      data: {
        destination: { id: 'newsletter', name: 'Newsletter' },
        export: { id: NOTICE.export?.exportId, kind: 'export', number: 7 },
        guards: ['MASS_REMOVAL'],
        text:
          'Export 7 of Newsletter is held. Nothing is sent until it is approved or denied. What it would do: ' +
          'temporal-mailchimp export show newsletter',
        webUi: 'https://temporal.example/namespaces/default/workflows/mailchimp%2Fnewsletter%2Fexport',
      },
    });
  });

  test('has the same id at each attempt, and another one for another state, export or destination', async () => {
    receiver.answers.push(status(500));
    expect(await refusal(send())).toMatchObject({ code: 'ALERT_NOT_DELIVERED' });
    await send();
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([alertId(HELD), alertId(HELD)]);
    const others: Alert[] = [
      { notice: { ...NOTICE, kind: 'failed' }, event: 'failed' },
      { notice: { ...NOTICE, kind: 'stopped' }, event: 'stopped' },
      { notice: { ...NOTICE, kind: 'stopped', at: '2026-11-30T07:00:00.000Z' }, event: 'stopped' },
      { notice: { ...NOTICE, kind: 'completed' }, event: 'recovered' },
      { notice: { ...NOTICE, kind: 'completed' }, event: 'completed' },
      { notice: { ...NOTICE, destinationId: 'other' }, event: 'held' },
    ];
    expect(new Set([HELD, ...others].map(alertId)).size).toBe(others.length + 1);
  });

  test.each([
    [503, {}, {}],
    [429, { 'retry-after': '7' }, { retryAfterSeconds: 7 }],
    [408, {}, {}],
  ])('that is answered %i may be sent again, when the receiver says so', async (code, headers, details) => {
    receiver.answers.push(status(code, headers));
    expect(await refusal(send())).toMatchObject({
      code: 'ALERT_NOT_DELIVERED',
      message: `The receiver ops has answered ${code}.`,
      details: { status: code, ...details },
    });
  });

  test('waits as long as a date in Retry-After says', async () => {
    const at = new Date(Date.now() + 60_000).toUTCString();
    receiver.answers.push(status(503, { 'retry-after': at }));
    const { details } = (await refusal(send()))!;
    expect(details['retryAfterSeconds']).toBeGreaterThan(50);
    expect(details['retryAfterSeconds']).toBeLessThanOrEqual(60);
  });

  test.each([400, 401, 404, 410])('that is answered %i is refused', async (code) => {
    receiver.answers.push(status(code));
    expect(await refusal(send())).toMatchObject({ code: 'ALERT_REFUSED', details: { status: code } });
  });

  test.each([301, 302, 307, 308])('follows no redirect (%i)', async (code) => {
    const other = await openReceiver();
    try {
      receiver.answers.push(status(code, { location: other.url }));
      const error = await refusal(send());
      expect(error).toMatchObject({ code: 'ALERT_REFUSED' });
      expect(error?.message).toMatch(/redirect \(30\d\), which is not followed/);
      expect(other.received).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test('that nothing receives may be sent again; no message contains the URL', async () => {
    await receiver.close();
    const error = await refusal(send());
    expect(error).toMatchObject({ code: 'ALERT_NOT_DELIVERED' });
    expect(error?.message).toContain('ECONNREFUSED');
    expect(error?.message).not.toContain('127.0.0.1');
  });

  test.each([
    ['http://hooks.example.com/T0/B0/secret', 'must begin with https://'],
    ['ftp://127.0.0.1/', 'must begin with https://'],
    ['http://127.0.0.1.example.com/', 'must begin with https://'],
    ['https://user:password@example.com/', 'has a user or a password'],
    ['hooks.example.com/T0', 'is not a URL'],
  ])('is not sent to %s', async (url, why) => {
    secrets['env:URL'] = url;
    const error = await refusal(send());
    expect(error).toMatchObject({ code: 'ALERT_REFUSED' });
    expect(error?.message).toContain(why);
    expect(error?.message).not.toContain('example.com');
  });

  test.each(['hush', 'whsec_', 'whsec_c2hvcnQ=', `whsec_${'%'.repeat(44)}`])(
    'is not signed with the secret "%s", which no message quotes',
    async (secret) => {
      secrets['env:SECRET'] = secret;
      const error = await refusal(send());
      expect(error).toMatchObject({ code: 'ALERT_REFUSED' });
      expect(error?.message).not.toMatch(/hush|c2hvcnQ|%%/);
      expect(receiver.received).toEqual([]);
    },
  );

  test('reads only the beginning of a reply without an end', async () => {
    receiver.answers.push((response) => {
      response.writeHead(200);
      const write = () => void (response.destroyed || response.write('x'.repeat(10_000), write));
      write();
    });
    expect((await alertsOf(webhook).send('ops', HELD, CALL)).text).toHaveLength(1000);
  });

  const NAMES = 'Sale <!channel> & <https://evil.example|win> [win](https://evil.example) *x*';
  const named: Alert = { notice: { ...NOTICE, name: NAMES }, event: 'held' };

  test('is a message of Slack, in which no name becomes a mention or a link', async () => {
    await send(named, { kind: 'slack' }, 'https://temporal.example');
    const { text, headers } = receiver.received[0]!;
    expect(headers).not.toHaveProperty('webhook-signature');
    const message = JSON.parse(text);
    expect(message.text).toContain('&lt;!channel&gt; &amp; &lt;https');
    expect(message.blocks[0]).toEqual({
      type: 'header',
      text: { type: 'plain_text', text: expect.stringContaining('Export 7 of Sale'), emoji: false },
    });
    const [link, ...parts] = message.blocks
      .slice(1)
      .flatMap((block: { text?: object; fields?: object[]; elements?: object[] }) => [
        ...(block.text ? [block.text] : []),
        ...(block.fields ?? []),
        ...(block.elements ?? []),
      ])
      .toReversed();
    expect(link.text).toMatch(/^<https:\/\/temporal\.example\/[^<>|]+\|Temporal Web UI>$/);
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) {
      expect(part).toMatchObject({ type: 'mrkdwn', verbatim: true });
      expect(part.text).not.toMatch(/[<>]/);
    }
  });

  test('is a card of Teams, in which names are no Markdown', async () => {
    await send(named, { kind: 'teams' }, 'https://temporal.example');
    const [attachment] = JSON.parse(receiver.received[0]!.text).attachments;
    expect(attachment.contentType).toBe('application/vnd.microsoft.card.adaptive');
    const { body, actions } = attachment.content;
    for (const block of body) {
      expect(block.type).toBe('RichTextBlock');
      for (const run of block.inlines) expect(run.type).toBe('TextRun');
    }
    expect(body[0].inlines[0].text).toBe(`Export 7 of ${NAMES} is held`);
    expect(actions).toEqual([
      {
        type: 'Action.OpenUrl',
        title: 'Temporal Web UI',
        url: 'https://temporal.example/namespaces/default/workflows/mailchimp%2Fnewsletter%2Fexport',
      },
    ]);
  });

  test('has no receiver that the configuration does not have', async () => {
    expect(await refusal(alertsOf(webhook).send('other', HELD, CALL))).toMatchObject({
      code: 'RECEIVER_NOT_FOUND',
    });
    expect(await refusal(alertsOf(webhook).send('constructor', HELD, CALL))).toMatchObject({
      code: 'RECEIVER_NOT_FOUND',
    });
  });
});

const find = (config: Readonly<Record<string, unknown>>, change: Partial<Notice> = {}) => {
  const receivers = AlertsSchema.parse({ ops: { kind: 'slack', url: 'env:URL', ...config } });
  const alerts = createAlerts({
    receivers,
    secrets: { resolve: () => Promise.reject(new Error('unused')) },
  });
  return alerts.find({ ...NOTICE, ...change }).map(({ event }) => event);
};
const ended = (rejected: number, change: Partial<Notice> = {}): Partial<Notice> => ({
  kind: 'completed',
  counts: { selected: 1000, departed: 0, outcomes: { created: 1000 - rejected, rejected } },
  ...change,
});

describe('a receiver wants', () => {
  test('all but completed, without a list of events', () => {
    for (const kind of ['held', 'stopped', 'failed', 'stale'] as const)
      expect(find({}, { kind })).toEqual([kind]);
    expect(find({}, ended(0))).toEqual([]);
    expect(find({}, ended(0, { recoveredFrom: 'failed' }))).toEqual(['recovered']);
  });

  test('what it lists, and one message of it', () => {
    expect(find({ on: ['completed'] }, ended(0))).toEqual(['completed']);
    expect(find({ on: ['completed'] }, ended(500, { recoveredFrom: 'held' }))).toEqual(['completed']);
    expect(
      find({ on: ['completed', 'rejects', 'recovered'] }, ended(500, { recoveredFrom: 'held' })),
    ).toEqual(['rejects']);
    expect(find({ on: ['failed'] }, { kind: 'held' })).toEqual([]);
  });

  test('rejects above its threshold, a number or a share of the selected', () => {
    expect(find({}, ended(10))).toEqual([]);
    expect(find({}, ended(11))).toEqual(['rejects']);
    expect(find({ rejectsAbove: 0 }, ended(1))).toEqual(['rejects']);
    expect(find({ rejectsAbove: 0 }, ended(0))).toEqual([]);
    expect(find({ rejectsAbove: '0.1%' }, ended(1))).toEqual([]);
    expect(find({ rejectsAbove: '0.1%' }, ended(2))).toEqual(['rejects']);
  });

  test('no rejects again while each export has too many', () => {
    expect(find({}, ended(500, { before: { selected: 1000, rejects: 400 } }))).toEqual([]);
    expect(find({}, ended(500, { before: { selected: 1000, rejects: 4 } }))).toEqual(['rejects']);
  });

  test('destinations that it names, and those with one of its labels', () => {
    expect(find({ destinations: ['newsletter'] })).toEqual(['held']);
    expect(find({ destinations: ['other'] })).toEqual([]);
    expect(find({ labels: ['eu', 'us'] })).toEqual(['held']);
    expect(find({ labels: ['us'] })).toEqual([]);
    expect(find({ destinations: ['newsletter'], labels: ['us'] })).toEqual(['held']);
  });
});
