import type { LoadedDataConverter, Payload } from '@temporalio/common';
import type { Reason } from './reason';

export type Memo = Readonly<Record<string, unknown>>;

/** What Temporal keeps in the memo of a workflow or a schedule, or why this process cannot read it. */
export type ReadMemo = { readonly memo: Memo } | { readonly unreadable: Reason };

/** Decodes one memo. @param fields as the server returns them */
export async function readMemo(
  { payloadConverter, payloadCodecs }: LoadedDataConverter,
  fields: Readonly<Record<string, Payload>> | null | undefined,
): Promise<ReadMemo> {
  const memo: Record<string, unknown> = {};
  try {
    for (const [key, encoded] of Object.entries(fields ?? {})) {
      let payloads = [encoded];
      for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads);
      memo[key] = payloadConverter.fromPayload(payloads[0]!);
    }
    return { memo };
  } catch (error) {
    return { unreadable: undecodable(error) };
  }
}

/** Why this process cannot read what Temporal keeps. */
export function undecodable(error: unknown): Reason {
  const why = error instanceof Error ? ` (${error.message})` : '';
  return {
    code: 'SECRET_UNAVAILABLE',
    message: `What Temporal keeps of it cannot be decoded here${why}. Add the key that it was encrypted with to temporal.encryption.`,
  };
}

/** The SDK's error for a payload of which no converter can make a value: it is still encrypted. */
export function isUndecodable(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValueError';
}
