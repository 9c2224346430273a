import type { ResultUrls } from '../batches/result-url';
import type { World } from '../world';
import type { Batch } from '../batches/batch';
import type { App } from './app';
import type { HttpReply, HttpRequest } from './exchange';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { archivePath } from '../batches/batch-routes';
import { storageError } from '../batches/result-url';

/** Serves result archives at pre-signed URLs. Refuses requests with an `Authorization` header, as the real storage does. */
export function serveDownloads(app: App, world: World, urls: ResultUrls): void {
  app.on('GET', '/rsg-api-batches-prod/:account/:file', async (request, reply) => {
    const refusal = refuse(request, { world, urls });
    if (refusal) return reply.code(refusal.status).type('application/xml').send(refusal.xml);
    const batch = batchOf(world, request.params);
    if (!batch)
      return reply
        .code(404)
        .type('application/xml')
        .send(storageError('NoSuchKey', 'The specified key does not exist.'));
    reply.header('content-type', 'application/octet-stream');
    if (world.faults.takeForBatch('truncatedDownload')) return breakOff(reply, batch.archive);
    world.counters.carried(0, (await stat(batch.archive)).size);
    return reply.stream(createReadStream(batch.archive));
  });
}

function batchOf(world: World, { account: id, file = '' }: HttpRequest['params']): Batch | undefined {
  const account = world.accounts.find((one) => one.id === id);
  const batch = account?.batches.get(file.replace('-response.tar.gz', ''));
  const path = account && batch ? archivePath(account, batch.id) : '';
  return batch && batch.archive !== '' && path.endsWith(file) ? batch : undefined;
}

function refuse(
  request: HttpRequest,
  { world, urls }: { readonly world: World; readonly urls: ResultUrls },
): { readonly status: number; readonly xml: string } | undefined {
  if (request.headers.authorization !== undefined)
    return { status: 400, xml: storageError('InvalidArgument', 'Only one auth mechanism allowed.') };
  const { Expires: expires = '', Signature: signature = '' } = request.query;
  const path = request.url.split('?')[0]!;
  if (!urls.isSigned(path, expires, signature))
    return { status: 403, xml: storageError('SignatureDoesNotMatch', 'Access denied.') };
  const expired =
    world.faults.takeForBatch('expiredUrl') !== undefined || Number(expires) < world.now() / 1000;
  return expired
    ? { status: 403, xml: storageError('ExpiredToken', 'The provided token has expired.') }
    : undefined;
}

/** Announces the size of the complete file and ends the connection in the middle. */
async function breakOff(reply: HttpReply, file: string): Promise<void> {
  const bytes = await readFile(file);
  reply.raw.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length });
  reply.raw.write(bytes.subarray(0, bytes.length >> 1), () => reply.raw.destroy());
}
