import { describe, expect, test } from '@jest/globals';
import type { BatchOperation } from '../../src/ports/mailchimp';
import { accountFor } from '../../src/mailchimp/accounting';
import { chunkOperation } from '../../src/mailchimp/operations';
import { openSdkTransport } from '../../src/mailchimp/sdk-transport';
import {
  AUDIENCE,
  byEmail,
  collect,
  DELIVERY,
  finished,
  openAt,
  openSandbox,
  addresses,
  serve,
  untags,
  upserts,
} from './support';

function operations(count: number): BatchOperation[] {
  return Array.from({ length: count }, (_, n) =>
    chunkOperation(DELIVERY, { ...upserts(addresses(4, `p${n}-`)), chunk: n }, `export/0/${n}/1`),
  );
}

describe('batches', () => {
  test('are submitted, polled and read, and every row is accounted for', async () => {
    const { account, sandbox } = await openSandbox();
    const chunk = upserts([...addresses(498), 'x@example.com', 'no-at-sign']);
    const batchId = await account.submitBatch([chunkOperation(DELIVERY, chunk, 'export/0/7/1')]);
    await finished(account, [batchId]);
    expect(await account.batches([batchId])).toEqual([
      { batchId, status: 'finished', total: 1, finished: 1 },
    ]);
    const [result] = await collect(account.batchResults(batchId));
    expect(result).toMatchObject({ operationId: 'export/0/7/1', status: 200 });
    const rows = accountFor(chunk, result!, 'subscribed');
    expect(rows).toHaveLength(500);
    expect(byEmail(rows.slice(497))).toEqual({
      'person497@shop.test': 'acknowledged',
      'x@example.com': 'rejected fake',
      'no-at-sign': 'rejected address_invalid',
    });
    expect(sandbox.state(AUDIENCE)).toMatchObject({ members: 498, tags: { Loyal: 498 } });
    expect(sandbox.warnings).toEqual([]);
  });

  test('are submitted on a connection of their own, and polled on kept ones', async () => {
    const { sandbox, open } = await openSandbox();
    const transport = openSdkTransport({ apiKey: sandbox.apiKey, baseUrl: sandbox.url, timeoutMs: 10_000 });
    const sent: string[] = [];
    const account = open({
      transport: {
        exchange: (request) => {
          sent.push(`${request.isFresh ? 'fresh' : 'kept'} ${request.method}`);
          return transport.exchange(request);
        },
      },
    });
    const batchId = await account.submitBatch(operations(1));
    await account.batches([batchId]);
    expect(sent).toEqual(['fresh POST', 'kept GET']);
  });

  test('remove tags, too', async () => {
    const { account, sandbox } = await openSandbox({
      audiences: [
        {
          id: AUDIENCE,
          name: 'Newsletter',
          members: [{ email_address: 'ada@shop.test', status: 'subscribed', tags: ['Loyal'] }],
        },
      ],
    });
    const [tag] = await account.tags(AUDIENCE);
    const chunk = untags(tag!.id, ['ada@shop.test', 'stranger@shop.test']);
    const batchId = await account.submitBatch([chunkOperation(DELIVERY, chunk, 'a')]);
    await finished(account, [batchId]);
    const [result] = await collect(account.batchResults(batchId));
    expect(accountFor(chunk, result!, 'subscribed').map(({ result }) => result)).toEqual([
      'acknowledged',
      'acknowledged',
    ]);
    expect(sandbox.state(AUDIENCE).tags).toEqual({ Loyal: 0 });
  });

  test('are polled with one request, and a deleted one is reported as gone', async () => {
    const { account } = await openSandbox();
    const first = await account.submitBatch(operations(1));
    const second = await account.submitBatch(operations(1));
    await finished(account, [first, second]);
    await account.deleteBatch(first);
    const before = account.requests();
    expect(await account.batches([second, first])).toEqual([
      expect.objectContaining({ batchId: second, status: 'finished' }),
      { batchId: first, status: 'gone', total: 0, finished: 0 },
    ]);
    expect(account.requests() - before).toBe(2);
    expect(await account.batches([])).toEqual([]);
  });

  test('can be deleted twice', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail('stuck batch');
    const batchId = await account.submitBatch(operations(1));
    expect(await account.batches([batchId])).toMatchObject([{ status: 'pending' }]);
    await account.deleteBatch(batchId);
    await account.deleteBatch(batchId);
    expect(await account.batches([batchId])).toMatchObject([{ status: 'gone' }]);
  });

  test('are never submitted twice: a lost reply is an error', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail('reset after applying once on POST /batches');
    await expect(account.submitBatch(operations(1))).rejects.toMatchObject({
      code: 'MAILCHIMP_UNAVAILABLE',
      details: { class: 'reply_lost' },
    });
    expect(account.requests()).toBe(1);
  });

  test('are submitted again when Mailchimp did not process the request', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail('429 twice on POST /batches');
    await expect(account.submitBatch(operations(1))).resolves.toMatch(/^\w+$/);
    expect(account.requests()).toBe(3);
  });
});

describe('results of a batch', () => {
  test('come from several files, one operation at a time, each once', async () => {
    const { account } = await openSandbox({ resultsPerFile: 7, replies: 'lean' });
    const batchId = await account.submitBatch(operations(50));
    await finished(account, [batchId]);
    const results = await collect(account.batchResults(batchId));
    expect(results).toHaveLength(50);
    expect(new Set(results.map(({ operationId }) => operationId))).toEqual(
      new Set(operations(50).map(({ operationId }) => operationId)),
    );
  });

  test.each(['truncated download', 'expired url', 'expired url twice'])(
    'come once each in spite of: %s',
    async (fault) => {
      const { account, sandbox } = await openSandbox();
      const batchId = await account.submitBatch(operations(20));
      await finished(account, [batchId]);
      sandbox.fail(fault);
      const results = await collect(account.batchResults(batchId));
      expect(new Set(results.map(({ operationId }) => operationId)).size).toBe(20);
      expect(results).toHaveLength(20);
    },
  );

  test('end with an error after the readable ones when the stored archive is incomplete', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail('truncated result');
    const batchId = await account.submitBatch(operations(30));
    await finished(account, [batchId]);
    const seen: (string | null)[] = [];
    const reading = (async () => {
      for await (const { operationId } of account.batchResults(batchId)) seen.push(operationId);
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'MAILCHIMP_UNAVAILABLE',
      details: { batch: batchId, class: 'results_broken' },
    });
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test.each([
    ['empty url', 'results_missing'],
    ['expired url always', 'results_refused'],
  ])('end with an error for: %s', async (fault, name) => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail(fault);
    const batchId = await account.submitBatch(operations(2));
    await finished(account, [batchId]);
    await expect(collect(account.batchResults(batchId))).rejects.toMatchObject({
      code: 'MAILCHIMP_UNAVAILABLE',
      details: { class: name },
    });
  });

  test('are not available before the batch is finished, nor after it is deleted', async () => {
    const { account, sandbox } = await openSandbox();
    sandbox.fail('stuck batch');
    const batchId = await account.submitBatch(operations(2));
    await expect(collect(account.batchResults(batchId))).rejects.toMatchObject({
      details: { class: 'results_not_ready' },
    });
    await account.deleteBatch(batchId);
    await expect(collect(account.batchResults(batchId))).rejects.toMatchObject({
      details: { class: 'results_gone' },
    });
  });

  test('need not be read to the end', async () => {
    const { account } = await openSandbox();
    const batchId = await account.submitBatch(operations(20));
    await finished(account, [batchId]);
    for await (const { status } of account.batchResults(batchId)) {
      expect(status).toBe(200);
      break;
    }
  });
});

test('the storage host of results does not see the key', async () => {
  const authorizations: (string | undefined)[] = [];
  let base = '';
  base = await serve((request, response) => {
    if (request.url!.startsWith('/3.0/batches')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ status: 'finished', response_body_url: `${base}/stored.tar.gz` }));
      return;
    }
    authorizations.push(request.headers.authorization);
    response.statusCode = 400;
    response.end('<Error/>');
  });
  await expect(collect(openAt(base).batchResults('abc'))).rejects.toMatchObject({
    details: { class: 'results_refused' },
  });
  expect(authorizations).toEqual([undefined, undefined, undefined]);
});
