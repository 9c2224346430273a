import type { AudienceState } from '../model/audience';
import type { BatchRecord, GoneRecord, KeptRecord, MemberRecord } from './records';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { FORMAT, parseRecord } from './records';

/** What a state file says, with the last line about each thing. */
export interface KeptState {
  readonly audiences: Map<string, AudienceState>;
  /** By audience id, then by position. */
  readonly members: Map<string, (MemberRecord | GoneRecord)[]>;
  readonly batches: Map<string, BatchRecord>;
  /** More lines are out of date than not, or the last one was cut off. */
  readonly needsRewrite: boolean;
}

/**
 * Reads a state file. It appears with its first lines, so one that has none has lost members that clients rely on. The end of a line that a killed process could not finish is left out: that request had no reply.
 * @returns undefined where there is no file
 * @throws Error that names the damaged line
 */
export async function readState(file: string): Promise<KeptState | undefined> {
  const end = await lastByte(file);
  if (end === undefined) return undefined;
  const isCut = end !== '\n' && end !== '';
  const reader = new StateReader(file);
  let held: string | undefined;
  // One line late, since the last one may be cut off.
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (held !== undefined) reader.take(held);
    held = line;
  }
  if (held !== undefined && !isCut) reader.take(held);
  reader.requireLines();
  return { ...reader.state, needsRewrite: isCut || reader.isStale };
}

/** '' for an empty file; undefined where there is none. */
async function lastByte(file: string): Promise<string | undefined> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1));
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

class StateReader {
  readonly #file: string;
  readonly state = {
    audiences: new Map<string, AudienceState>(),
    members: new Map<string, (MemberRecord | GoneRecord)[]>(),
    batches: new Map<string, BatchRecord>(),
  };
  #line = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get isStale(): boolean {
    const { audiences, members, batches } = this.state;
    const current = [...members.values()].reduce(
      (sum, records) => sum + records.length,
      1 + audiences.size + batches.size,
    );
    return this.#line > 2 * current + 100;
  }

  requireLines(): void {
    if (this.#line > 0) return;
    throw new Error(`sandbox: the state file ${this.#file} is damaged: it has no line`);
  }

  take(text: string): void {
    this.#line += 1;
    const record = parseRecord(text);
    if (!record) throw this.#damaged('is no record of a sandbox');
    if (this.#line === 1 && !('format' in record && record.format === FORMAT))
      throw this.#damaged(`is not of format ${FORMAT}, the one that this version reads`);
    this.#keep(record);
  }

  #keep(record: KeptRecord): void {
    const { audiences, members, batches } = this.state;
    if ('member' in record) {
      const records = members.get(record.in);
      if (!records) throw this.#damaged('names an audience that no line before it has');
      records[record.member] = record;
    } else if ('audience' in record) {
      const { id } = record.audience.profile;
      audiences.set(id, record.audience);
      if (!members.has(id)) members.set(id, []);
    } else if ('batch' in record) batches.set(record.batch.id, record.batch);
    else if ('batchGone' in record) batches.delete(record.batchGone);
    else if ('audienceGone' in record) {
      audiences.delete(record.audienceGone);
      members.delete(record.audienceGone);
    }
  }

  #damaged(why: string): Error {
    return new Error(`sandbox: the state file ${this.#file} is damaged: line ${this.#line} ${why}`);
  }
}
