import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { ExportReport } from '../../src/contract/report';
import { NEW, type Held, type World } from './world';

/** What is known of each address, in words that can be compared. */
export type Baseline = Readonly<Record<string, string>>;

interface Row {
  readonly keys: readonly string[];
  readonly status: string | null;
  readonly tags: readonly string[];
  readonly filled: readonly string[];
  readonly state: string | null;
  readonly isMember: boolean;
  readonly isPresent: boolean;
  readonly isOurs: boolean;
  readonly refusal: string | null;
}

/** The model's. */
export function expectedBaseline({ held }: World): Baseline {
  return inWords([...held].map(([address, known]) => [address, fromModel(known)] as const));
}

function fromModel({ refusal, tags, filled, ...rest }: Held): Row {
  return {
    ...rest,
    tags: [...tags],
    filled: Object.keys(filled),
    refusal: refusal && (refusal.until < Infinity ? `${refusal.outcome} ${refusal.times}` : refusal.outcome),
  };
}

let connection: Promise<DuckDBConnection> | undefined;

/** The one that a settled export has left in the staging folder. */
export async function readBaseline(staging: string, report: ExportReport): Promise<Baseline> {
  const folder = join(staging, 'destinations', report.destinationId, 'exports', report.exportId);
  const text = await readFile(join(folder, 'baseline.json'), 'utf8');
  const { folder: inside, tags } = JSON.parse(text) as {
    folder: string;
    tags: Record<string, { name: string }>;
  };
  const rows = await query(join(folder, inside, 'baseline.parquet'));
  const nameOf = (id: unknown) => tags[String(id)]?.name ?? `unknown ${String(id)}`;
  return inWords(rows.map((row) => [String(row['address']), fromRow(row, nameOf)] as const));
}

/** The addresses that it has as created by us. */
export async function readCreated(staging: string, report: ExportReport): Promise<ReadonlySet<string>> {
  const folder = join(staging, 'destinations', report.destinationId, 'exports', report.exportId);
  const { folder: inside } = JSON.parse(await readFile(join(folder, 'baseline.json'), 'utf8')) as {
    folder: string;
  };
  const rows = await query(join(folder, inside, 'baseline.parquet'));
  return new Set(rows.flatMap(({ created, address }) => (created === true ? [String(address)] : [])));
}

/** The model learns which contacts an export sends again, since a late write of an earlier one may have changed them. */
export async function exposeLate(world: World, staging: string, report: ExportReport): Promise<number> {
  const folder = join(staging, 'destinations', report.destinationId, 'exports', report.exportId);
  const path = join(folder, 'exposed.json');
  if (!existsSync(path)) return 0;
  const sealed = JSON.parse(await readFile(path, 'utf8')) as {
    folder: string;
    tags: Record<string, { name: string }>;
  };
  const rows = await query(join(folder, sealed.folder, 'baseline.parquet'));
  const exposed = rows.filter(({ state }) => state === 'exposed');
  for (const { address, keys, tags, present } of exposed) {
    const known = world.held.get(String(address)) ?? { ...NEW, keys: keys as string[] };
    const added = (tags as number[]).flatMap((id) => sealed.tags[id]?.name ?? []);
    world.held.set(String(address), {
      ...known,
      tags: new Set([...known.tags, ...added]),
      state: 'exposed',
      isPresent: present as boolean,
    });
  }
  return exposed.length;
}

async function query(path: string): Promise<Record<string, unknown>[]> {
  connection ??= DuckDBInstance.create(':memory:').then((instance) => instance.connect());
  const result = await (await connection).runAndReadAll('SELECT * FROM read_parquet($path)', { path });
  return result.getRowObjectsJS();
}

function fromRow(row: Record<string, unknown>, nameOf: (id: unknown) => string): Row {
  const columns = Object.keys(row).filter((column) => column.startsWith('f_') && row[column] !== null);
  const why = [row['refused_outcome'], row['refused_class']].join(' ');
  const refusal = row['refused_until'] === null ? why : `${why} ${String(row['refused_count'])}`;
  return {
    keys: row['keys'] as string[],
    status: row['status'] as string | null,
    tags: (row['tags'] as unknown[]).map(nameOf),
    filled: columns.map((column) => column.slice(2)),
    state: row['state'] as string | null,
    isMember: row['member'] as boolean,
    isPresent: row['present'] as boolean,
    isOurs: row['archived_at'] !== null,
    refusal: row['refused_hash'] === null ? null : refusal,
  };
}

function inWords(rows: Iterable<readonly [string, Row]>): Baseline {
  const words = [...rows].map(([address, row]) => {
    const { keys, status, tags, filled, state, isMember, isPresent, isOurs, refusal } = row;
    const is = [
      isMember ? 'member' : 'new',
      isPresent ? 'present' : 'gone',
      ...(isOurs ? ['archived by us'] : []),
      ...(refusal ? [refusal] : []),
    ];
    return [
      address,
      `of ${keys.join(', ')}; ${String(state)}, ${String(status)}; tags ${tags.toSorted().join(', ')}; ` +
        `fields ${filled.toSorted().join(', ')}; ${is.join(', ')}`,
    ] as const;
  });
  return Object.fromEntries(words.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
