import type { ExportRef } from '../../contract/identifiers';

export interface OperationName {
  readonly exportId: string;
  readonly part: number;
  readonly chunk: number;
  readonly attempt: number;
}

/** Names an operation of a batch, so that its result finds its chunk, whichever attempt at the part it comes from. */
export function operationId({ exportId }: ExportRef, name: Omit<OperationName, 'exportId'>): string {
  return `${exportId}/${name.part}/${name.chunk}/${name.attempt}`;
}

/** Undefined for the id of an operation that is not ours. */
export function parseOperationId(id: string | null): OperationName | undefined {
  const match = /^([^/]+)\/(\d+)\/(\d+)\/(\d+)$/.exec(id ?? '');
  if (!match) return undefined;
  const [, exportId = '', part, chunk, attempt] = match;
  return { exportId, part: Number(part), chunk: Number(chunk), attempt: Number(attempt) };
}
