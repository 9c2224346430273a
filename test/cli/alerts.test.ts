import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { ALERT_EVENTS } from '../../src/contract/alert';
import { openReceiver, status, type Receiver } from '../support/receiver';
import { run, runJson } from './terminal';

const CONFIG = `
accounts: { main: { apiKey: env:NOT_READ_HERE } }
sources:
  crm: { kind: files, profiles: { path: profiles.csv, key: id }, segments: { vip: { sql: SELECT 1 } } }
alerts:
  ops: { kind: webhook, url: env:ALERTS_URL, secret: env:ALERTS_SECRET, on: [held, failed], rejectsAbove: 10 }
  chat: { kind: slack, url: env:ALERTS_URL, labels: [eu] }
destinations:
  weekly:
    connect: { name: Weekly, account: main, audienceId: 1a2b3c4d5e, source: crm, statusIfNew: pending }
`;

describe('alerts', () => {
  let folder: string;
  let file: string;
  let receiver: Receiver;
  const secret = `whsec_${randomBytes(32).toString('base64')}`;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-alerts-'));
    file = join(folder, 'temporal-mailchimp.yaml');
    await writeFile(file, CONFIG);
    receiver = await openReceiver();
    process.env['ALERTS_URL'] = `${receiver.url}/secret-path`;
    process.env['ALERTS_SECRET'] = secret;
  });

  afterEach(async () => {
    delete process.env['ALERTS_URL'];
    delete process.env['ALERTS_SECRET'];
    await receiver.close();
    await rm(folder, { recursive: true, force: true });
  });

  const alerts = (line: string) => run(['alerts', ...line.split(' '), '--config', file]);
  const alertsJson = (line: string) => runJson(['alerts', ...line.split(' '), '--config', file]);

  test('list names the receivers and their references, and sends nothing', async () => {
    const { code, output } = await alerts('list');
    expect(code).toBe(0);
    expect(output).toMatch(/ops +webhook +held, failed +10 +all +env:ALERTS_URL/);
    expect(output).toMatch(/chat +slack +rejects, held, .*stale +1% +label eu +env:ALERTS_URL/);
    expect(output).not.toContain('secret-path');
    const { document } = await alertsJson('list');
    expect(document).toMatchObject({
      receivers: [{ name: 'ops', on: ['held', 'failed'] }, { name: 'chat' }],
    });
    expect(receiver.received).toEqual([]);
  });

  test('a test sends a marked sample to each receiver, or to one', async () => {
    const { code, output } = await alerts('test');
    expect(code).toBe(0);
    expect(output).toMatch(/ok +ops +webhook +held +answered 204/);
    expect(output).toMatch(/ok +chat +slack +rejects +answered 204/);
    const signed = receiver.received.find(({ headers }) => headers['webhook-id'])!;
    expect(new Webhook(secret).verify(signed.text, signed.headers as Record<string, string>)).toMatchObject({
      type: 'export.held',
      data: { test: true, destination: { id: 'weekly', name: 'Weekly' } },
    });
    const { length } = receiver.received;
    for (const event of ALERT_EVENTS) expect((await alerts(`test ops --on ${event}`)).code).toBe(0);
    const sent = receiver.received.slice(length).map(({ body }) => body);
    expect(sent.map(({ type }) => type.replace(/.*\./, ''))).toEqual([...ALERT_EVENTS]);
    for (const { data } of sent) expect(data['text']).toMatch(/^Test: \S.+\. \S.+/);
  });

  test('a test says what came back, and exits with 1 when a receiver has not taken it', async () => {
    receiver.answers.push((response) => void response.writeHead(404).end('no_service'));
    const refused = await alerts('test chat');
    expect(refused.code).toBe(1);
    expect(refused.output).toMatch(
      /failed +chat +slack +rejects +ALERT_REFUSED: .* 404.*Its reply: no_service/,
    );
    receiver.answers.push(status(302, { location: 'https://example.com/' }));
    expect(await alertsJson('test ops')).toMatchObject({
      code: 1,
      document: {
        isFine: false,
        receivers: [{ receiver: 'ops', status: 302, failure: { code: 'ALERT_REFUSED' } }],
      },
    });
    delete process.env['ALERTS_SECRET'];
    expect(await alertsJson('test')).toMatchObject({
      code: 1,
      document: {
        isFine: false,
        receivers: [{ failure: { code: 'SECRET_UNAVAILABLE' } }, { receiver: 'chat', status: 204 }],
      },
    });
  });

  test('a test names the receivers when one is not there, and when there is none', async () => {
    expect(await alertsJson('test opps')).toMatchObject({
      code: 1,
      document: { error: { code: 'RECEIVER_NOT_FOUND', message: expect.stringContaining('ops, chat') } },
    });
    await writeFile(file, CONFIG.replace(/alerts:\n(?: {2}.*\n){2}/, ''));
    expect((await alertsJson('test')).document).toMatchObject({ error: { code: 'RECEIVER_NOT_FOUND' } });
    expect((await alerts('list')).output).toContain('No receivers.');
  });

  test('a configuration is refused with a URL in it, without a secret, or with a limit that is none', async () => {
    const wrong = [
      ['url: env:ALERTS_URL, secret', 'url: "https://hooks.example.com/T0", secret', 'and not its text'],
      ['secret: env:ALERTS_SECRET, ', '', 'alerts.ops.secret'],
      ['rejectsAbove: 10', 'rejectsAbove: 101%', 'a share of the selected ones'],
      ['on: [held, failed]', 'on: [held, done]', 'alerts.ops.on'],
    ] as const;
    for (const [from, to, message] of wrong) {
      await writeFile(file, CONFIG.replace(from, to));
      expect((await alertsJson('list')).document).toMatchObject({
        error: { code: 'CONFIG_INVALID', message: expect.stringContaining(message) },
      });
    }
  });

  test('config check finds references that cannot be resolved', async () => {
    delete process.env['ALERTS_URL'];
    delete process.env['ALERTS_SECRET'];
    const { output, errors } = await run(['config', 'check', '--config', file]);
    const all = `${output}${errors}`;
    for (const at of ['alerts.ops.url', 'alerts.ops.secret', 'alerts.chat.url']) expect(all).toContain(at);
  });

  test.each([
    { variable: 'ALERTS_URL', value: 'http://hooks.test/x', words: 'must begin with https://' },
    { variable: 'ALERTS_SECRET', value: 'whsec_x', words: 'is not whsec_' },
  ])(
    'config check and doctor find that $value $words, before an alert is lost',
    async ({ variable, value, words }) => {
      process.env[variable] = value;
      for (const command of ['config check', 'doctor']) {
        const { code, output, errors } = await run([...command.split(' '), '--config', file]);
        expect(code).toBe(1);
        expect(`${output}${errors}`).toContain('alerts.ops');
        expect(`${output}${errors}`).toContain(words);
      }
    },
  );
});
