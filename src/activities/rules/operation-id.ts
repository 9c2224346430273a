import type { ExportRef } from '../../contract/identifiers';

export interface OperationName {
  readonly exportId: string;
  readonly part: number;
  readonly chunk: number;
  readonly attempt: number;
}

/** The id of an operation in a batch: it maps a result to its chunk, for any attempt at the part. */
export function operationId({ exportId }: ExportRef, name: Omit<OperationName, 'exportId'>): string {
  return `${exportId}/${name.part}/${name.chunk}/${name.attempt}`;
}

/** Returns undefined for the id of an operation that this package did not submit. */
export function parseOperationId(id: string | null): OperationName | undefined {
  const match = /^([^/]+)\/(\d+)\/(\d+)\/(\d+)$/.exec(id ?? '');
  if (!match) return undefined;
  const [, exportId = '', part, chunk, attempt] = match;
  return { exportId, part: Number(part), chunk: Number(chunk), attempt: Number(attempt) };
}
