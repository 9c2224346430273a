import type { Account } from '../model/account';
import type { BatchEffect } from '../faults';
import type { BatchState } from '../options';
import type { World } from '../world';
import type { Reply } from '../api/call';
import type { BatchLane } from '../pace';
import type { Batch, Operation } from './batch';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { shuffled } from '../model/hash';
import { archiveFile } from './batch';
import { ResultSpool } from './result-archive';

export type RunOperation = (account: Account, operation: Operation) => Promise<Reply>;

/** Operations whose results will have wrong ids. */
function withIds(
  operations: readonly Operation[],
  how: Extract<BatchEffect, { type: 'wrongOperationIds' }>['how'] | undefined,
): readonly Operation[] {
  if (how === undefined) return operations;
  const idAt = (place: number) => operations[place]?.operationId ?? null;
  return operations.map((operation, place) => {
    const isSecond = place % 2 === 1;
    const neighbour = idAt(isSecond ? place - 1 : place + 1) ?? operation.operationId;
    if (how === 'null') return { ...operation, operationId: null };
    return how === 'swapped' || isSecond ? { ...operation, operationId: neighbour } : operation;
  });
}

/** Runs the batches of each account in the order of their arrival: pending, preprocessing, started, finalizing, finished. */
export class BatchRunner {
  readonly #world: World;
  readonly #run: RunOperation;
  readonly #folder: string;
  readonly #working = new Set<Promise<void>>();

  constructor(world: World, folder: string, run: RunOperation) {
    this.#world = world;
    this.#folder = folder;
    this.#run = run;
  }

  /** Starts the batches that can start. Call it when a batch arrives or a slot becomes free. */
  pump(account: Account): void {
    for (const batch of account.batches.values()) {
      if (account.running >= this.#world.settings.batchParallelism) return;
      if (batch.state !== 'pending' || batch.taken || batch.deleted || batch.stuckIn === 'pending') continue;
      batch.taken = true;
      account.running++;
      const work = this.#work(account, batch)
        .catch((error: unknown) => {
          if (!this.#world.closing.aborted)
            this.#world.warn(`a batch failed in the sandbox itself: ${String(error)}`);
        })
        .finally(() => {
          account.running--;
          this.#working.delete(work);
          if (!this.#world.closing.aborted) this.pump(account);
        });
      this.#working.add(work);
    }
  }

  /** Resolves after the world was closed and all batches have ended. */
  async settled(): Promise<void> {
    for (const account of this.#world.accounts) for (const batch of account.batches.values()) batch.wake?.();
    await Promise.all(this.#working);
  }

  async #work(account: Account, batch: Batch): Promise<void> {
    const spool = new ResultSpool(this.#folder, batch.id);
    const lane = account.batchPace.take(batch.arrived);
    try {
      if (!(await this.#enter(batch, 'preprocessing', lane))) return;
      batch.total = batch.operations.length;
      if (!(await this.#enter(batch, 'started', lane))) return;
      const { batchOrder } = this.#world.settings.switches;
      const named = withIds(batch.operations, this.#world.faults.takeForBatch('wrongOperationIds')?.how);
      const operations = batchOrder === 'shuffled' ? shuffled(named, batch.id) : named;
      for (const operation of operations) {
        await this.#operate(account, batch, { operation, spool, lane });
        if (this.#isOver(batch)) return;
      }
      batch.operations = [];
      if (!(await this.#enter(batch, 'finalizing', lane))) return;
      await this.#finalize(batch, spool);
      batch.completedAt = this.#world.now();
      if (await this.#enter(batch, 'finished', lane)) account.journal?.onFinished(batch);
    } finally {
      account.batchPace.giveBack(lane);
      batch.operations = [];
      await spool.discard();
    }
  }

  async #operate(
    account: Account,
    batch: Batch,
    {
      operation,
      spool,
      lane,
    }: { readonly operation: Operation; readonly spool: ResultSpool; readonly lane: BatchLane },
  ): Promise<void> {
    await nextTurn();
    const { operationMs } = this.#world.settings;
    await this.#world.pause(lane.next(operationMs));
    if (this.#isOver(batch)) return;
    const reply = await this.#run(account, operation);
    this.#world.counters.worked(operationMs);
    const { noContentCountsAsErrored, noContentResponse } = this.#world.settings.switches;
    const good = reply.status === 200 || (reply.status === 204 && !noContentCountsAsErrored);
    if (!good) batch.errored++;
    batch.finished++;
    const response = reply.status === 204 ? noContentResponse : reply.text;
    await spool.add({ status: reply.status, operationId: operation.operationId, response });
  }

  async #finalize(batch: Batch, spool: ResultSpool): Promise<void> {
    const { faults, settings } = this.#world;
    if (faults.takeForBatch('emptyResultUrl')) return;
    const target = archiveFile(this.#folder, batch.id);
    await spool.archive(target, {
      resultsPerFile: settings.resultsPerFile,
      missing: faults.takeForBatch('missingResults')?.count ?? 0,
      truncated: faults.takeForBatch('truncatedResult') !== undefined,
      corrupt: faults.takeForBatch('corruptResult')?.what,
      doubled: faults.takeForBatch('doubledResults') !== undefined,
      emptyFile: settings.switches.emptyResultFile,
    });
    batch.archive = target;
  }

  /** Moves on to the next state when the current one has been read often enough. False: the batch has ended. */
  async #enter(batch: Batch, next: BatchState, lane: BatchLane): Promise<boolean> {
    await nextTurn();
    while (this.#mustWait(batch)) {
      await new Promise<void>((resolve) => {
        batch.wake = resolve;
      });
      lane.waited();
    }
    if (this.#isOver(batch)) return false;
    batch.state = next;
    return true;
  }

  #mustWait(batch: Batch): boolean {
    if (this.#isOver(batch)) return false;
    const polls = this.#world.settings.batchPolls[batch.state] ?? 0;
    return batch.stuckIn === batch.state || batch.shown[batch.state] < polls;
  }

  #isOver(batch: Batch): boolean {
    return batch.deleted || this.#world.closing.aborted;
  }
}
