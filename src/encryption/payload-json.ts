import type { Payload } from '@temporalio/common';
import { z } from 'zod';

/** A payload as JSON, as Temporal's protocol of remote codecs has it: bytes in base64. */
const PayloadJsonSchema = z.object({
  metadata: z.record(z.string(), z.base64()).default({}),
  data: z.base64().optional(),
});
export type PayloadJson = z.output<typeof PayloadJsonSchema>;

export function toJson({ metadata, data }: Payload): PayloadJson {
  const entries = Object.entries(metadata ?? {}).map(([name, bytes]) => [name, toBase64(bytes)] as const);
  return { metadata: Object.fromEntries(entries), ...(data && { data: toBase64(data) }) };
}

/** @throws ZodError */
export function fromJson(json: unknown): Payload {
  const { metadata, data } = PayloadJsonSchema.parse(json);
  const entries = Object.entries(metadata).map(([name, text]) => [name, fromBase64(text)] as const);
  return { metadata: Object.fromEntries(entries), ...(data !== undefined && { data: fromBase64(data) }) };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}
