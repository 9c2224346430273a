import type { ArchiveChunk, Chunk, ExportPlan, PartPlan } from '../../src/contract/plan';
import { ARCHIVING } from './world';

const SENDING = [
  'mailchimp.sendCanary',
  'mailchimp.submitPart',
  'mailchimp.sendChunks',
  'mailchimp.archiveChunks',
];
const ANSWERING = [
  'mailchimp.sendCanary',
  'mailchimp.collectPart',
  'mailchimp.sendChunks',
  'mailchimp.archiveChunks',
];

/** Records which parts an export has begun, and which were answered. */
export class RowResults {
  #parts: readonly PartPlan[] = [];
  readonly #begun = new Set<number>();
  readonly #answered = new Set<number>();

  isSending(name: string): boolean {
    return SENDING.includes(name);
  }

  get partsBegun(): number {
    return this.#begun.size;
  }

  begin(name: string, input: unknown): void {
    if (SENDING.includes(name)) this.#begun.add((input as { part: PartPlan }).part.part);
  }

  end(name: string, input: unknown, result: unknown): void {
    if (name === 'mailchimp.planExport') this.#parts = (result as { plan: ExportPlan }).plan.parts;
    if (ANSWERING.includes(name)) this.#answered.add((input as { part: PartPlan }).part.part);
  }

  /** The results of rows that were not answered, as in `Asked.unanswered`; `tagName` by Mailchimp's id. */
  async byRow(
    read: (chunk: number, kind: PartPlan['kind']) => Promise<Chunk | ArchiveChunk>,
    tagName: (id: number) => string,
  ): Promise<(address: string, tag?: string) => string | null> {
    const rowResults = new Map<string, string>();
    for (const { part, kind, firstChunk, lastChunk } of this.#parts.filter(
      (known) => !this.#answered.has(known.part),
    )) {
      const result = this.#begun.has(part) ? 'unproven' : 'not_sent';
      for (let number = firstChunk; number <= lastChunk; number++) {
        const chunk = await read(number, kind);
        if (chunk.kind === 'upsert') for (const { email } of chunk.rows) rowResults.set(email, result);
        else {
          const what = chunk.kind === 'untag' ? tagName(chunk.tagId) : ARCHIVING;
          for (const email of chunk.emails) rowResults.set(`${email} ${what}`, result);
        }
      }
    }
    return (address, tag) => rowResults.get(tag === undefined ? address : `${address} ${tag}`) ?? null;
  }
}
