import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import * as fc from '../support/fast-check';
import { pack } from 'tar-stream';
import type { OperationResult } from '../../src/ports/mailchimp';
import { readArchive } from '../../src/mailchimp/archive';
import { arrayObjects } from '../../src/mailchimp/json-array';
import { collect } from './support';

async function tarOf(files: readonly string[]): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: './', type: 'directory' });
  for (const [n, text] of files.entries()) tar.entry({ name: `./${n}.json` }, text);
  tar.finalize();
  return Buffer.concat(await collect(tar as AsyncIterable<Buffer>));
}

async function read(packed: Buffer): Promise<OperationResult[]> {
  return collect(readArchive(Readable.from([packed]), 5000));
}

function blocks(text: string, size: number): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text);
  return Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, (n + 1) * size),
    ),
  );
}

describe('an archive of results', () => {
  test('may contain directories, empty files, and ids that are null or missing', async () => {
    const packed = gzipSync(
      await tarOf([
        '',
        '[]',
        '[{"status_code":200,"operation_id":"a","response":"{\\"x\\":1}"},\n{"response":"","status_code":204,"operation_id":null}]',
        '[{"status_code":404,"response":{"title":"odd"}},{"status_code":200,"operation_id":"b","response":null}]',
      ]),
    );
    expect(await read(packed)).toEqual([
      { status: 200, operationId: 'a', response: '{"x":1}' },
      { status: 204, operationId: null, response: '' },
      { status: 404, operationId: null, response: '{"title":"odd"}' },
      { status: 200, operationId: 'b', response: '' },
    ]);
  });

  const whole = '[{"status_code":200}]';
  test.each([
    ['cut', async () => gzipSync(await tarOf([whole])).subarray(0, 60), 'unexpected end of file'],
    [
      'a cut tar, packed',
      async () => gzipSync((await tarOf([whole])).subarray(0, 1030)),
      'Unexpected end of data',
    ],
    ['not packed', async () => tarOf([whole]), 'incorrect header check'],
    ['an error page', async () => Buffer.from('<Error/>'), 'incorrect header check'],
    ['empty', async () => Buffer.alloc(0), 'unexpected end of file'],
    ['with a cut object', async () => gzipSync(await tarOf(['[{"status_code":200'])), 'does not end'],
    ['with a cut array', async () => gzipSync(await tarOf(['[{"status_code":200},'])), 'does not end'],
    ['with texts', async () => gzipSync(await tarOf(['["a"]'])), 'not an array of objects'],
    ['with what is not JSON', async () => gzipSync(await tarOf(['[{"status_code":}]'])), 'is not JSON'],
    ['with a result without status', async () => gzipSync(await tarOf(['[{}]'])), 'no status'],
  ])('is refused when it is %s', async (_, make, message) => {
    await expect(read(await make())).rejects.toThrow(message);
  });

  test('fails when no more data arrives in time', async () => {
    const packed = gzipSync(await tarOf(['[]']));
    const stalled = new Readable({ read() {} });
    stalled.push(packed.subarray(0, 40));
    await expect(collect(readArchive(stalled, 50))).rejects.toThrow('no more data in time');
    expect(stalled.destroyed).toBe(true);
  });

  test('fails when it unpacks to more bytes than the limit', async () => {
    const packed = gzipSync(await tarOf([' '.repeat(5_000_000)]));
    expect(packed.length).toBeLessThan(10_000);
    await expect(collect(readArchive(Readable.from([packed]), 5000, 1_000_000))).rejects.toThrow(
      'over 1000000 bytes',
    );
  });

  test('fails when it has more results than a batch has operations', async () => {
    const one = '{"status_code":200,"operation_id":"a"}';
    const packed = gzipSync(await tarOf([`[${Array.from({ length: 10_001 }, () => one).join(',')}]`]));
    await expect(read(packed)).rejects.toThrow('over 10000 results');
  });

  test('is not read ahead of a slow reader, and is closed when the reader stops', async () => {
    const one = JSON.stringify({ status_code: 200, operation_id: 'a', response: 'x'.repeat(100_000) });
    const packed = gzipSync(await tarOf(Array.from({ length: 50 }, () => `[${one}]`)), { level: 0 });
    let sent = 0;
    const source = Readable.from(
      (function* () {
        for (; sent < packed.length; sent += 16_384) yield packed.subarray(sent, sent + 16_384);
      })(),
    );
    for await (const { status } of readArchive(source, 5000)) {
      expect(status).toBe(200);
      break;
    }
    expect(sent).toBeLessThan(packed.length / 2);
    expect(source.destroyed).toBe(true);
  });
});

describe('a JSON array of objects', () => {
  test('is split into its objects wherever the blocks are cut', async () => {
    const value = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(
        fc.array(value),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        async (list, size, wide) => {
          const text = JSON.stringify(list, null, wide ? 2 : 0);
          expect(await collect(arrayObjects(blocks(text, size), 1e6))).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  test('may not contain an object above the limit', async () => {
    const text = JSON.stringify([{ x: 'y'.repeat(100) }]);
    await expect(collect(arrayObjects(blocks(text, 10), 50))).rejects.toThrow('over 50 bytes');
  });
});
