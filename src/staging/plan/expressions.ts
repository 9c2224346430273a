import type { MatchedExpression } from '../../contract/destination';
import type { Database } from '../../duckdb/database';
import { DatabaseError } from '../../duckdb/database-error';
import { quoteName } from '../../duckdb/quote';
import { unrepeatable } from '../../duckdb/unrepeatable';
import { ExportError } from '../../errors';

/** The parts of DuckDB's serialized statements that matter here. */
interface SyntaxNode {
  readonly class?: string;
  readonly function_name?: string;
  readonly column_names?: readonly string[];
}

/** What a value of one profile can be made of. Not in it: subqueries, windows, lambdas, parameters and stars. */
const CLASSES = new Set([
  'BETWEEN',
  'CASE',
  'CAST',
  'COLLATE',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'CONSTANT',
  'FUNCTION',
  'OPERATOR',
]);

/** They show what the worker is set to. */
const REFUSED = new Set(['current_setting', 'getenv', 'getvariable']);

/** SQL: an expression of a configuration, as text. On lines of its own, so that a comment in it ends there. */
export function expressionText(sql: string): string {
  return `(\n${sql}\n)::VARCHAR`;
}

/**
 * The attributes that an expression reads, after a check, without running it, that it is one value made of attributes of one profile, and
 * the same each time.
 * @throws ExportError EXPRESSION_INVALID
 */
export async function expressionReads(
  database: Database,
  sql: string,
  attributes: readonly string[],
): Promise<readonly string[]> {
  const nodes = [...walk(await parse(database, sql))];
  const other = nodes.find((node) => node.class !== undefined && !CLASSES.has(node.class));
  if (other)
    throw invalid(
      sql,
      `it has a ${other.class?.toLowerCase()}, but may only compute one value from attributes`,
    );
  await requireFunctions(
    database,
    sql,
    nodes.flatMap((node) => node.function_name?.toLowerCase() ?? []),
  );
  const reads = new Set(
    nodes.flatMap(({ column_names: names }) => (names ? [attributeNamed(sql, names, attributes)] : [])),
  );
  await bind(database, sql, [...reads]);
  return [...reads];
}

async function parse(database: Database, sql: string): Promise<unknown> {
  const { json } = await database.row<{ json: string }>(
    'SELECT json_serialize_sql($1::VARCHAR, skip_null := true, skip_empty := true)::VARCHAR AS json',
    [`SELECT ${expressionText(sql)}`],
  );
  const parsed = JSON.parse(json) as Parsed;
  if (parsed.error) throw invalid(sql, parsed.error_message ?? 'it could not be parsed');
  const [statement, another] = parsed.statements ?? [];
  const [value, further] = statement?.node.select_list ?? [];
  const isWhole = (value as SyntaxNode | undefined)?.class === 'CAST' && !another && !further;
  if (!isWhole || Object.keys(statement?.node ?? {}).some((part) => !PARTS_OF_SELECT.has(part)))
    throw invalid(sql, 'it is not one expression');
  return value;
}

interface Parsed {
  readonly error: boolean;
  readonly error_message?: string;
  readonly statements?: readonly { readonly node: { readonly select_list?: readonly unknown[] } }[];
}

/** Of `SELECT <value>`: anything else, such as WHERE, came out of the expression. */
const PARTS_OF_SELECT = new Set(['type', 'select_list', 'from_table', 'aggregate_handling']);

function* walk(value: unknown): Generator<SyntaxNode> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value;
  for (const child of Object.values(value)) yield* walk(child);
}

async function requireFunctions(database: Database, sql: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const found = await database.rows<{ name: string }>(`
    SELECT lower(function_name) AS name FROM duckdb_functions() GROUP BY ALL
    HAVING bool_and(function_type IN ('scalar', 'macro'))`);
  const scalar = new Set(found.map(({ name }) => name));
  const changing = await unrepeatable(database);
  for (const name of names) {
    if (changing.has(name)) throw invalid(sql, `${name} does not give the same value each time`);
    if (REFUSED.has(name)) throw invalid(sql, `${name} is not allowed`);
    if (!scalar.has(name)) throw invalid(sql, `${name} is no function that makes one value from values`);
  }
}

function attributeNamed(sql: string, names: readonly string[], attributes: readonly string[]): string {
  const [name = '', ...path] = names;
  if (path.length > 0)
    throw invalid(sql, `${names.join('.')} is no attribute; put a name with a point in double quotes`);
  const same = attributes.filter((attribute) => attribute.toLowerCase() === name.toLowerCase());
  if (same.length === 0) throw invalid(sql, `the source has no attribute "${name}"`);
  if (same.length > 1)
    throw invalid(sql, `"${name}" may be each of ${same.map((one) => `"${one}"`).join(', ')}`);
  return same[0] ?? name;
}

/** Types are known only now: a function may not take texts. */
async function bind(database: Database, sql: string, reads: readonly string[]): Promise<void> {
  const columns = reads.map((name) => `, NULL::VARCHAR AS ${quoteName(name)}`);
  try {
    await database.rows(
      `SELECT ${expressionText(sql)} AS value FROM (SELECT NULL${columns.join('')}) WHERE false`,
    );
  } catch (error) {
    throw asExpressionError(sql, error);
  }
}

/** Finds the expression that cannot be computed for some profile. */
export async function findFailing(
  database: Database,
  { from, expressions }: { readonly from: string; readonly expressions: readonly MatchedExpression[] },
  cause: unknown,
): Promise<unknown> {
  if (!(cause instanceof DatabaseError)) return cause;
  for (const { sql } of expressions) {
    try {
      await database.row(`SELECT count(${expressionText(sql)}) AS count FROM ${from}`);
    } catch (error) {
      return asExpressionError(sql, error);
    }
  }
  return cause;
}

function asExpressionError(sql: string, error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  switch (error.kind) {
    case 'INTERRUPT':
    case 'IO':
    case 'Out of Memory':
      return error;
    case 'Binder':
    case 'Catalog':
    case 'Parser':
      return invalid(sql, error.message.replace(/\n+LINE \d+:[\s\S]*$/, ''));
    case 'Conversion':
      return invalid(
        sql,
        'a value could not be converted. All attributes are text: convert with TRY_CAST, which answers NULL where a value does not fit',
      );
    default:
      // The text may quote values of rows.
      return invalid(sql, `running it failed with DuckDB's ${error.kind} Error`);
  }
}

function invalid(sql: string, problem: string): ExportError {
  return new ExportError(
    'EXPRESSION_INVALID',
    `The SQL "${sql}" of the matching was refused: ${problem.replace(/[\s.]+$/, '')}. Correct it in the configuration.`,
  );
}
