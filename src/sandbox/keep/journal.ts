import type { Batch } from '../batches/batch';
import type { Audience, AudienceListener } from '../model/audience';
import type { KeptFiles } from './kept-files';
import type { KeptRecord } from './records';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { operationsFile } from './kept-files';
import { batchRecord, memberRecord } from './records';

/**
 * Appends to the state file what each request has changed, before the request is answered: a process that is killed loses nothing
 * that it has answered a client. (What a power failure loses depends on the operating system.)
 *
 * Changes are collected and written in a microtask, which runs after the code that makes them and before any reply is sent. Once
 * something could not be written, `failure` says so, and the API acknowledges nothing from then on.
 */
export class Journal implements AudienceListener {
  readonly #file: number;
  readonly #folder: string;
  readonly #audiences = new Set<Audience>();
  readonly #members = new Map<Audience, Set<number>>();
  readonly #others: KeptRecord[] = [];
  #isScheduled = false;
  #failure: NodeJS.ErrnoException | undefined;

  constructor({ state, batches }: KeptFiles) {
    this.#file = openSync(state, 'a', 0o600);
    this.#folder = batches;
  }

  /** Why the state on disk is older than the one in memory; undefined: it is not. */
  get failure(): Error | undefined {
    return this.#failure && notWritten(this.#failure);
  }

  onAudience(audience: Audience): void {
    this.#audiences.add(audience);
    this.#schedule();
  }

  onMember(audience: Audience, position: number): void {
    const positions = this.#members.get(audience);
    if (positions) positions.add(position);
    else this.#members.set(audience, new Set([position]));
    this.#schedule();
  }

  /** A batch that has arrived. Its operations are in a file of their own until it has finished. */
  onBatch(batch: Batch): void {
    const file = operationsFile(this.#folder, batch.id);
    this.#attempt(() => writeFileSync(file, JSON.stringify(batch.operations), { mode: 0o600 }));
    this.#others.push({ batch: batchRecord(batch) });
    this.#schedule();
  }

  onFinished(batch: Batch): void {
    this.#others.push({ batch: batchRecord(batch) });
    this.#flush();
    this.#dropOperations(batch.id);
  }

  onBatchGone(id: string): void {
    this.#others.push({ batchGone: id });
    this.#flush();
    this.#dropOperations(id);
  }

  onAudienceGone(audience: Audience): void {
    audience.listener = undefined;
    this.#others.push({ audienceGone: audience.profile.id });
    this.#schedule();
  }

  /** @throws Error when something could not be written */
  close(): void {
    this.#flush();
    closeSync(this.#file);
    if (this.#failure) throw notWritten(this.#failure);
  }

  #dropOperations(id: string): void {
    this.#attempt(() => rmSync(operationsFile(this.#folder, id), { force: true }));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#audiences.size + this.#members.size + this.#others.length === 0) return;
    let text = '';
    // Audiences first: a member names tags and fields of its audience.
    for (const audience of this.#audiences) text += lineOf({ audience: audience.state });
    for (const [audience, positions] of this.#members)
      for (const position of positions) text += lineOf(memberRecord(audience, position));
    for (const record of this.#others) text += lineOf(record);
    this.#audiences.clear();
    this.#members.clear();
    this.#others.length = 0;
    this.#attempt(() => writeFileSync(this.#file, text));
  }

  /** After a failure nothing more is written: a line after half a line would make the file unreadable. */
  #attempt(write: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      write();
    } catch (error) {
      this.#failure = error as NodeJS.ErrnoException;
      process.emitWarning(notWritten(this.#failure));
    }
  }
}

/** With the code of the operating system, by which it is known as no bug. */
function notWritten(cause: NodeJS.ErrnoException): Error {
  const message = `sandbox: its state could not be written (${cause.message}), so it acknowledges nothing. Fix that, and start it again`;
  return Object.assign(new Error(message, { cause }), cause);
}

export const lineOf = (record: KeptRecord): string => `${JSON.stringify(record)}\n`;
