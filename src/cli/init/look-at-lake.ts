import { relative, resolve } from 'node:path';
import { parseRoot } from '../../config/root-address';
import { lazy } from '../lazy';
import type { Found, Look } from './answers';

/** As Customer Insights names them. */
const [CUSTOMER, CUSTOMER_ID] = ['Customer', 'CustomerId'];

/** Looks for the model in a folder. @param root as it was given */
export async function lookAtLake({ options, folder, tables }: Look, root: string): Promise<Found> {
  const { model, profiles: table = CUSTOMER, key = CUSTOMER_ID } = options;
  const named = model === undefined ? {} : { model };
  const lake = { root, table, key, ...named };
  const { attributes, segments } = await lazy.reading().inspectLake(lake, process.cwd());
  const profiles = {
    kind: 'cdm' as const,
    root: isFolder(root) ? relative(folder, resolve(root)) || '.' : root,
    table,
    tables,
    ...named,
  };
  return {
    profiles,
    columns: attributes,
    ...(attributes.includes(key) && { proposal: { key } }),
    // Beside files, its tables are those of a source of SQL, which knows no output tables.
    ...(tables.length === 0 && { segments: () => segments.map(({ id }) => [id, { output: true }] as const) }),
    from: 'profiles',
  };
}

/** The address of an object store is the same in every folder. */
function isFolder(root: string): boolean {
  return parseRoot(root)?.kind === 'folder';
}
