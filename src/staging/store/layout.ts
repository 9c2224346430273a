import { join, resolve } from 'node:path';
import type { ExportRef } from '../../contract/identifiers';
import { ExportError } from '../../errors';

/** The only place that knows where things lie in the staging folder. */
export interface Layout {
  readonly folder: string;
  readonly store: string;
  readonly audiences: string;
  readonly destinations: string;
  readonly destination: (destinationId: string) => string;
  readonly consents: (destinationId: string) => string;
  readonly claims: (destinationId: string) => string;
  readonly exports: (destinationId: string) => string;
  readonly export: (ref: ExportRef) => string;
  /** A file or folder of an export. */
  readonly inExport: (ref: ExportRef, ...names: readonly string[]) => string;
}

export function createLayout(path: string): Layout {
  const folder = resolve(path);
  const destinations = join(folder, 'destinations');
  const destination = (destinationId: string): string => join(destinations, checkedName(destinationId));
  const exports = (destinationId: string): string => join(destination(destinationId), 'exports');
  const exportFolder = ({ destinationId, exportId }: ExportRef): string =>
    join(exports(destinationId), checkedName(exportId));
  return {
    folder,
    store: join(folder, 'store.json'),
    audiences: join(folder, 'audiences'),
    destinations,
    destination,
    consents: (destinationId) => join(destination(destinationId), 'consents.ndjson'),
    claims: (destinationId) => join(destination(destinationId), 'claims'),
    exports,
    export: exportFolder,
    inExport: (ref, ...names) => join(exportFolder(ref), ...names.map(checkedName)),
  };
}

/** Ids become names of files: none may climb out of its folder. */
export function checkedName(name: string): string {
  if (/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name)) return name;
  throw new ExportError(
    'INPUT_INVALID',
    'An id for the staging folder holds something else than A-Z, a-z, 0-9, "_", "-", ".".',
  );
}

export const SNAPSHOT = 'snapshot.json';
export const CENSUS = 'census.json';
export const OPT_OUTS = 'opt-outs.json';
export const PLAN = 'plan.json';
export const BASELINE = 'baseline.json';
