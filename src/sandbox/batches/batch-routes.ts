import type { Account } from '../model/account';
import type { World } from '../world';
import type { Exchange, Route } from '../api/call';
import type { Batch, Operation } from './batch';
import type { BatchRunner } from './batch-runner';
import type { ResultUrls } from './result-url';
import type { FieldError } from '../problem';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { NO_CONTENT } from '../api/call';
import { isShown, newBatch } from './batch';
import { resourceLinks } from '../api/links';
import { pageOf, slice } from '../api/paging';
import { isObject, listField, mismatch, missing, objectBody } from '../schema';
import { isoTime } from '../model/times';
import { invalidResource, notFound, Problem, schemaRefusal, tooManyBatches } from '../problem';

const MAX_PENDING = 500;

export interface BatchDesk {
  readonly runner: BatchRunner;
  readonly urls: ResultUrls;
  /** `http://127.0.0.1:PORT`; known after the server has started. */
  readonly origin: () => string;
}

/** Below the origin. */
export const archivePath = (account: Account, id: string): string =>
  `/rsg-api-batches-prod/${account.id}/${id}-response.tar.gz`;

function operationErrors(given: unknown, place: number): FieldError[] {
  const item = `operations.item:${place}`;
  if (!isObject(given)) return [mismatch(item, 'object', given)];
  const errors: FieldError[] = [];
  for (const name of ['method', 'path'] as const) {
    if (given[name] === undefined) errors.push(missing(item, name));
    else if (typeof given[name] !== 'string') errors.push(mismatch(`${item}.${name}`, 'string', given[name]));
  }
  for (const name of ['body', 'operation_id'] as const)
    if (given[name] !== undefined && typeof given[name] !== 'string')
      errors.push(mismatch(`${item}.${name}`, 'string', given[name]));
  if (given['params'] !== undefined && !isObject(given['params']))
    errors.push(mismatch(`${item}.params`, 'object', given['params']));
  return errors;
}

function operationOf(given: Readonly<Record<string, unknown>>): Operation {
  const params = isObject(given['params']) ? given['params'] : {};
  return {
    method: given['method'] as string,
    path: given['path'] as string,
    params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)])),
    body: given['body'] as string | undefined,
    operationId: (given['operation_id'] as string | undefined) ?? null,
  };
}

function startBatch(exchange: Exchange, desk: BatchDesk): object {
  const { world, account } = exchange;
  const operations = listField(objectBody(exchange.body), 'operations');
  if (!operations) throw new Problem(schemaRefusal([missing('', 'operations')]));
  const most = world.settings.switches.batchOperationsMax;
  if (most > 0 && operations.length > most)
    throw new Problem(invalidResource(`A batch can hold at most ${most} operations.`));
  const errors = operations.flatMap((given, place) => operationErrors(given, place));
  if (errors.length > 0) throw new Problem(schemaRefusal(errors.slice(0, 100)));
  const pending = [...account.batches.values()].filter((batch) => batch.state === 'pending');
  if (pending.length >= MAX_PENDING) throw new Problem(tooManyBatches);
  const stuck = world.faults.takeForBatch('stuckBatch');
  const vanished = world.faults.takeForBatch('vanishedBatch');
  const batch = newBatch(
    { id: randomBytes(5).toString('hex'), submittedAt: world.seconds() },
    operations.map((given) => operationOf(given as Readonly<Record<string, unknown>>)),
    {
      stuckIn: stuck && (stuck.state ?? 'pending'),
      vanishesIn: vanished && (vanished.state ?? 'pending'),
    },
  );
  account.batches.set(batch.id, batch);
  account.journal?.onBatch(batch);
  const view = batchView(exchange, batch, desk);
  desk.runner.pump(account);
  return view;
}

function batchView(exchange: Exchange, batch: Batch, desk: BatchDesk): object {
  const { world, account } = exchange;
  const expires = world.seconds() + Math.ceil(world.settings.resultUrlMs / 1000);
  const url = () => desk.origin() + desk.urls.sign(archivePath(account, batch.id), expires);
  const finished = batch.state === 'finished';
  return {
    id: batch.id,
    status: batch.state,
    total_operations: batch.total,
    finished_operations: batch.finished,
    errored_operations: batch.errored,
    submitted_at: isoTime(batch.submittedAt),
    completed_at: finished ? isoTime(Math.floor(batch.completedAt / 1000)) : '',
    response_body_url: finished && batch.archive !== '' ? url() : '',
    _links: resourceLinks(account.dc, `/batches/${batch.id}`, 'Batches'),
  };
}

function shown(exchange: Exchange, batch: Batch, desk: BatchDesk): object {
  const view = batchView(exchange, batch, desk);
  batch.shown[batch.state]++;
  batch.wake?.();
  return view;
}

/** Deletes batches that are older than Mailchimp keeps them. */
function dropExpired(world: World, account: Account): void {
  for (const batch of account.batches.values())
    if (batch.state === 'finished' && world.now() - batch.completedAt > world.settings.batchRetentionMs)
      drop(account, batch);
}

function drop(account: Account, batch: Batch): void {
  batch.deleted = true;
  account.batches.delete(batch.id);
  account.journal?.onBatchGone(batch.id);
  if (batch.archive !== '') rmSync(batch.archive, { force: true });
  batch.wake?.();
}

function batchOf(exchange: Exchange): Batch {
  dropExpired(exchange.world, exchange.account);
  const batch = exchange.account.batches.get(exchange.params['batch_id']!);
  if (!batch || !isShown(batch)) throw new Problem(notFound);
  return batch;
}

function listBatches(exchange: Exchange, desk: BatchDesk): object {
  const { world, account } = exchange;
  dropExpired(world, account);
  const batches = [...account.batches.values()].filter(isShown);
  if (world.settings.switches.batchListOrder === 'newestFirst') batches.reverse();
  return {
    batches: slice(batches, pageOf(exchange.query)).map((batch) => shown(exchange, batch, desk)),
    total_items: batches.length,
    _links: resourceLinks(account.dc, '/batches', 'Batches'),
  };
}

export function batchRoutes(desk: BatchDesk): readonly Route[] {
  return [
    { method: 'POST', template: '/batches', handle: (exchange) => startBatch(exchange, desk) },
    { method: 'GET', template: '/batches', handle: (exchange) => listBatches(exchange, desk) },
    {
      method: 'GET',
      template: '/batches/{batch_id}',
      handle: (exchange) => shown(exchange, batchOf(exchange), desk),
    },
    {
      method: 'DELETE',
      template: '/batches/{batch_id}',
      handle: (exchange) => {
        drop(exchange.account, batchOf(exchange));
        return NO_CONTENT;
      },
    },
  ];
}
