import type { InspectedRelation } from '../../sources/postgres/inspect-database';
import { propose } from './propose';

/** Tables of customers are called so, in English and German. */
const CUSTOMERS = /customer|contact|profile|user|person|people|client|subscriber|kunde/i;
const LIST = /^(?:segment|list|audience|group|category|tag)s?(?:_?(?:name|id|key))?$/i;

/** The table that probably has a row per customer: one with an e-mail address, then by its name, then the largest. */
export function proposeProfiles(tables: readonly InspectedRelation[]): InspectedRelation | undefined {
  const [best] = tables.toSorted((a, b) => compare(score(b), score(a)));
  return best && propose(best.columns).email !== undefined ? best : undefined;
}

function score({ columns, table, rows, primaryKey }: InspectedRelation): number[] {
  return [
    propose(columns).email === undefined ? 0 : 1,
    CUSTOMERS.test(table) ? 1 : 0,
    primaryKey === null ? 0 : 1,
    rows,
  ];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, place) => value !== b[place]);
  return index < 0 ? 0 : a[index]! - b[index]!;
}

/** Where memberships are, a row for each. */
export interface MembersTable {
  readonly table: string;
  readonly key: string;
  /** Column with the segment. */
  readonly segment: string;
}

/** A table with a column that names a customer by the key, and one that names a list. */
export function proposeMembers(
  tables: readonly InspectedRelation[],
  { profiles, key }: { readonly profiles: string; readonly key: string },
): MembersTable | undefined {
  const name = /([^."]+)"?$/.exec(profiles)?.[1] ?? '';
  const singular = name.toLowerCase().replace(/s$/, '');
  const names = new Set([key, `${singular}_${key}`, `${singular}${key}`].map(fold));
  for (const { table, columns } of tables) {
    if (table === profiles) continue;
    const column = columns.find((one) => names.has(fold(one)));
    const segment = columns.find((one) => one !== column && LIST.test(one));
    if (column !== undefined && segment !== undefined) return { table, key: column, segment };
  }
  return undefined;
}

const fold = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
