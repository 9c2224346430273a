import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findTemporalBinary } from '../../src/dev/temporal-binary';
import type { OwnedProcess } from '../../src/dev/owned-process';
import { startCodecServer, configuredCodec } from '../../src/encryption/configured';
import { openScene, type Scene } from '../cli/scene';
import { startWorker } from '../integration/killed-worker';

const run = promisify(execFile);

describe('with temporal.encryption', () => {
  let scene: Scene;
  let worker: OwnedProcess | undefined;

  beforeEach(async () => {
    for (const name of ['KEY_1', 'KEY_2']) process.env[name] = randomBytes(32).toString('base64');
    scene = await openScene();
  });

  afterEach(async () => {
    await worker?.kill();
    worker = undefined;
    await scene.close();
  });

  const temporalWith = (encryption: object | undefined) => ({
    address: process.env['TEST_TEMPORAL_ADDRESS'],
    taskQueue: scene.taskQueue,
    ...(encryption && { encryption }),
  });

  const useKeys = async (keys: Readonly<Record<string, string>>, use: string) => {
    await scene.writeConfig({ temporal: temporalWith({ keys, use }) });
    await worker?.stop();
    worker = await startWorker(scene.configFile);
  };

  const histories = async () => {
    const { workflow, workflowService } = scene.temporal;
    const query = `WorkflowId IN ("mailchimp/${scene.destinationId}", "mailchimp/${scene.destinationId}/export")`;
    const listed = await workflowService.listWorkflowExecutions({ namespace: 'default', query });
    const found = [];
    for (const { execution } of listed.executions)
      found.push(await workflow.getHandle(execution!.workflowId!, execution!.runId!).fetchHistory());
    return found;
  };

  test('no payload of a history is readable, and keys can be rotated', async () => {
    await useKeys({ one: 'env:KEY_1' }, 'one');
    const { destinationId: name } = scene;
    expect(await scene.cli(`destination connect ${name} --agree --as Kim`)).toMatchObject({ code: 0 });
    expect(await scene.cli(`destination configure ${name}`)).toMatchObject({ code: 0 });
    expect(await scene.cli(`export start ${name}`)).toMatchObject({ code: 0 });

    await useKeys({ one: 'env:KEY_1', two: 'env:KEY_2' }, 'two');
    const again = await scene.cli(`export start ${name}`);
    expect(again.output).toMatch(/unchanged +3 /);
    expect(await scene.cli(`destination show ${name}`)).toMatchObject({ code: 0 });

    const payloads = (await histories()).flatMap((history) => [...payloadsIn(history)]);
    expect(payloads.length).toBeGreaterThan(50);
    const plain = payloads.filter(({ metadata }) => textOf(metadata['encoding']) !== 'binary/encrypted');
    // The SDK writes the ids of `patched` by itself.
    const texts = new Set(plain.map(({ data }) => textOf(data as Uint8Array)));
    const patch = 'temporal-mailchimp-derived-ids';
    expect([...texts].toSorted()).toEqual([`["${patch}"]`, `{"id":"${patch}","deprecated":false}`]);
    const encrypted = payloads.filter((payload) => !plain.includes(payload));
    const ids = new Set(encrypted.map(({ metadata }) => textOf(metadata['encryption-key-id'])));
    expect(ids).toEqual(new Set(['one', 'two']));
  });

  test('the Temporal CLI reads a history through the codec server, with the token only', async () => {
    const encryption = { keys: { one: 'env:KEY_1' }, use: 'one' };
    await useKeys(encryption.keys, 'one');
    await scene.cli(`destination connect ${scene.destinationId} --agree --as "Kim Example"`);
    const origin = 'http://127.0.0.1:8233';
    const codec = await configuredCodec(encryption, scene.folder);
    const server = await startCodecServer({
      codec,
      token: 'of-this-codec-server',
      origins: [origin],
      host: '127.0.0.1',
      port: 0,
    });
    const binary = await findTemporalBinary({ report: () => undefined });
    const show = () =>
      run(
        binary,
        `workflow show --workflow-id mailchimp/${scene.destinationId} --output json --address ${process.env['TEST_TEMPORAL_ADDRESS']} --codec-endpoint ${server.url}`
          .split(' ')
          .concat('--codec-auth', 'Bearer of-this-codec-server'),
      );
    try {
      const shown: unknown = JSON.parse((await show()).stdout);
      const texts = [...payloadsIn(shown)].map(({ data }) =>
        Buffer.from(String(data), 'base64').toString('utf8'),
      );
      expect(texts.join('\n')).toContain('Kim Example');

      const ask = (headers: Readonly<Record<string, string>>, body = '{"payloads":[]}') =>
        fetch(`${server.url}/decode`, { method: 'POST', headers, body });
      expect((await ask({})).status).toBe(401);
      const byPath = (token: string) =>
        fetch(`${server.url}/${token}/decode`, { method: 'POST', body: '{"payloads":[]}' });
      expect((await byPath('of-another-codec-server')).status).toBe(401);
      expect((await byPath('%')).status).toBe(401);
      expect((await byPath('of-this-codec-server')).status).toBe(200);
      const authorization = 'Bearer of-this-codec-server';
      expect((await ask({ authorization }, 'not JSON')).status).toBe(400);
      const allowed = await ask({ authorization, origin });
      expect(allowed.status).toBe(200);
      expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
      const other = await ask({ authorization, origin: 'https://example.com' });
      expect(other.headers.get('access-control-allow-origin')).toBeNull();
    } finally {
      await server.close();
    }
  });

  test('a command without the key, or with another one, says so', async () => {
    await useKeys({ one: 'env:KEY_1' }, 'one');
    await scene.cli(`destination connect ${scene.destinationId} --agree --as Kim`);
    await scene.writeConfig({ temporal: temporalWith({ keys: { two: 'env:KEY_2' }, use: 'two' }) });
    const other = await scene.cli(`destination show ${scene.destinationId}`);
    expect(other).toMatchObject({ code: 1, errors: expect.stringMatching(/^CONFIG_INVALID: .*encrypted/) });
    await scene.writeConfig({ temporal: temporalWith({ keys: { one: 'env:KEY_2' }, use: 'one' }) });
    const wrong = await scene.cli(`destination show ${scene.destinationId}`);
    expect(wrong).toMatchObject({ code: 1, errors: expect.stringContaining('CONFIG_INVALID: ') });
    const started = await scene.cli(`export start ${scene.destinationId}`);
    expect(started).toMatchObject({ code: 1, errors: expect.stringContaining('CONFIG_INVALID: ') });
    // A request with a wrong key does not keep others from the destination.
    await scene.writeConfig({ temporal: temporalWith({ keys: { one: 'env:KEY_1' }, use: 'one' }) });
    expect(await scene.cli(`destination show ${scene.destinationId}`)).toMatchObject({ code: 0 });
    await scene.writeConfig({ temporal: temporalWith(undefined) });
    const none = await scene.cli(`destination show ${scene.destinationId}`);
    expect(none).toMatchObject({ code: 1, errors: expect.stringMatching(/^[A-Z_]+: .*encrypted/) });
  });
});

interface PlainPayload {
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  readonly data: unknown;
}

/** Every payload below a message of the history, also memos and summaries. */
function* payloadsIn(value: unknown): Generator<PlainPayload> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  if ('metadata' in value && 'data' in value) yield value as unknown as PlainPayload;
  else for (const child of Object.values(value)) yield* payloadsIn(child);
}

function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}
