import type { Database } from '../../duckdb/database';
import { DatabaseError } from '../../duckdb/database-error';
import { ExportError } from '../../errors';
import { suggest } from '../suggest';

/** Table functions that make rows out of their arguments. All others read files, settings or the catalogue. */
const HARMLESS = new Set(['range', 'generate_series', 'unnest']);

/** What SQL of the configuration reads. */
export interface SqlUse {
  /** Whose SQL it is; undefined: that of the profiles. */
  readonly segment: string | undefined;
  readonly sql: string;
  readonly tables: ReadonlySet<string>;
  /** Names, in small letters, of the functions that it calls, and of all else that may be one, such as `current_date`. */
  readonly calls: ReadonlySet<string>;
  /** Whether it may read this column of a table. If in doubt: true. */
  usesColumn(name: string): boolean;
}

/** The parts of DuckDB's serialized statements that matter here; any object may carry any of them. */
interface SyntaxNode {
  readonly class?: unknown;
  readonly type?: unknown;
  readonly table_name?: unknown;
  readonly schema_name?: unknown;
  readonly catalog_name?: unknown;
  readonly ref_type?: unknown;
  readonly cte_map?: { readonly map?: readonly { readonly key: string; readonly value: unknown }[] };
  /** Of a recursive query: its own name, which its right side may read. */
  readonly cte_name?: string;
  readonly function?: { readonly function_name?: string };
  readonly function_name?: string;
  readonly children?: readonly unknown[];
  readonly column_names?: readonly string[];
  readonly sample?: unknown;
}

/** A part of a statement, with the names of WITH that are known there. */
interface Seen {
  readonly node: SyntaxNode;
  readonly own: ReadonlySet<string>;
}

interface Parsed {
  readonly error: boolean;
  readonly error_message?: string;
  readonly statements?: readonly unknown[];
}

/**
 * Checks, without running it, that a text is one SELECT which reads no more than the named tables. This is the readable
 * refusal; the sandbox of `openDatabase` stands behind it.
 *
 * @throws ExportError SEGMENT_SQL_INVALID; CONFIG_INVALID for SQL of the profiles
 */
export async function checkSql(
  database: Database,
  { segment, sql }: Pick<SqlUse, 'segment' | 'sql'>,
  tables: readonly string[],
): Promise<SqlUse> {
  const statement = await parseSelect(database, segment, sql);
  const parts = [...walk(statement, new Set())];
  const read = new Set<string>();
  for (const { node, own } of parts) {
    const problem = problemOf(node);
    if (problem !== undefined) throw invalid(segment, problem);
    if (node.type !== 'BASE_TABLE') continue;
    const name = String(node.table_name);
    const table = tables.find((table) => table === name.toLowerCase());
    if (table !== undefined) read.add(table);
    else if (!own.has(name.toLowerCase()) || isQualified(node)) {
      throw invalid(
        segment,
        `it reads "${name}", which is no table of this source. ${suggest(name, tables)}`,
      );
    }
  }
  const all = parts.some(({ node }) => readsAllColumns(node));
  const words = new Set(texts(statement));
  const calls = new Set(parts.flatMap(({ node }) => callsOf(node)));
  return { segment, sql, tables: read, calls, usesColumn: (name) => all || words.has(name.toLowerCase()) };
}

async function parseSelect(database: Database, segment: string | undefined, sql: string): Promise<unknown> {
  const { json } = await database.row<{ json: string }>(
    'SELECT json_serialize_sql($1::VARCHAR, skip_null := true, skip_empty := true)::VARCHAR AS json',
    [sql],
  );
  const parsed = JSON.parse(json) as Parsed;
  if (parsed.error) {
    const text = parsed.error_message ?? 'it could not be parsed';
    throw invalid(segment, text.startsWith('Only SELECT') ? 'only a SELECT is allowed' : text);
  }
  const [statement, another] = parsed.statements ?? [];
  if (statement === undefined) throw invalid(segment, 'it is empty');
  if (another !== undefined) throw invalid(segment, 'it contains more than one statement');
  return statement;
}

function problemOf(node: SyntaxNode): string | undefined {
  if (node.type === 'BASE_TABLE' && isQualified(node)) {
    return `"${String(node.table_name)}" is named with a schema or database; name a table of this source by itself`;
  }
  if (node.type === 'SHOW_REF') return 'DESCRIBE, SHOW and SUMMARIZE name no profiles';
  if (node.class === 'PARAMETER') return 'it has a parameter, for which there is no value';
  if (node.type !== 'TABLE_FUNCTION') return undefined;
  const name = node.function?.function_name ?? 'a table function';
  return HARMLESS.has(name.toLowerCase())
    ? undefined
    : `it calls ${name}(), but SQL reads only the tables that the configuration names`;
}

function isQualified(node: SyntaxNode): boolean {
  return [node.schema_name, node.catalog_name].some((name) => name !== undefined && name !== '');
}

function readsAllColumns(node: SyntaxNode): boolean {
  return node.class === 'STAR' || node.type === 'PIVOT' || node.ref_type === 'NATURAL';
}

/** A sample counts as a call of random(). */
function callsOf({
  class: kind,
  function_name: name,
  children,
  column_names: columns,
  sample,
}: SyntaxNode): string[] {
  const sampled = sample === undefined ? [] : ['random'];
  // DuckDB takes the age of one time from now, and calls the function consistent. As a method, it may seem to have none.
  if (name?.toLowerCase() === 'age' && children?.length !== 2) return ['now', ...sampled];
  const [column, part] = columns ?? [];
  const bare = kind === 'COLUMN_REF' && part === undefined ? column : undefined;
  return [name, bare].flatMap((called) => called?.toLowerCase() ?? []).concat(sampled);
}

/** A name of WITH hides a table or a file only where it is known: the queries after it, and all that is in them. */
function* walk(value: unknown, own: ReadonlySet<string>): Generator<Seen> {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const child of value) yield* walk(child, own);
    return;
  }
  const node: SyntaxNode = value;
  yield { node, own };
  const known = new Set(own);
  for (const { key, value: query } of node.cte_map?.map ?? []) {
    yield* walk(query, new Set(known));
    known.add(key.toLowerCase());
  }
  for (const [part, child] of Object.entries(node)) {
    const isItself = node.cte_name !== undefined && part === 'right';
    if (part !== 'cte_map')
      yield* walk(child, isItself ? new Set([...known, node.cte_name.toLowerCase()]) : known);
  }
}

/** All texts in a statement: names of columns are among them, wherever the parser puts them. */
function* texts(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value.toLowerCase();
  if (typeof value !== 'object' || value === null) return;
  for (const child of Object.values(value)) yield* texts(child);
}

/** What it means that running or binding SQL failed: as `checkSql`; any other error as it is. @param segment as in `SqlUse` */
export function asSqlError(segment: string | undefined, error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  switch (error.kind) {
    case 'INTERRUPT':
    case 'IO':
      return error;
    case 'Binder':
    case 'Catalog':
    case 'Parser':
    case 'Permission':
      return invalid(segment, withoutSql(error.message));
    case 'Out of Memory':
      return invalid(segment, 'it needs more memory than staging.memoryLimit gives; raise that or read less');
    case 'Conversion':
      return invalid(
        segment,
        'a value could not be converted. All columns are text: convert with TRY_CAST, which answers NULL where a value does not fit',
      );
    default:
      // The text may quote values of rows.
      return invalid(segment, `running it failed with DuckDB's ${error.kind} Error`);
  }
}

/** Removes the quoted statement, which contains our SQL around that of the segment. */
function withoutSql(message: string): string {
  return message.replace(/\n+LINE \d+:[\s\S]*$/, '').replace(/[\s.!]+$/, '');
}

function invalid(segment: string | undefined, problem: string): ExportError {
  const what = segment === undefined ? 'the profiles' : `segment "${segment}"`;
  return new ExportError(
    segment === undefined ? 'CONFIG_INVALID' : 'SEGMENT_SQL_INVALID',
    `The SQL of ${what} was refused: ${problem.replace(/\.$/, '')}. Correct it in the configuration.`,
    segment === undefined ? {} : { details: { segment } },
  );
}
