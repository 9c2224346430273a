import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { SnapshotMatching } from '../../ports/staging';
import type { Database } from '../../duckdb/database';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import { quoteName, quoteText } from '../../duckdb/quote';
import { withWorkspace } from '../store/workspace';
import { brokenRule, createIdn, isBlank, withAddress } from './address';
import { attributeColumn, extractAttributes, sourceAttributes } from './attributes';
import { expressionReads, expressionText, findFailing } from './expressions';

interface Extract {
  /** Folder of the attempt, below the store's own. */
  readonly folder: string;
  /** The file with the profiles, in that folder; replaced. */
  readonly file: string;
  readonly rows: number;
  readonly memoryLimit: string;
  readonly allow: string;
  readonly signal: AbortSignal | undefined;
}

/** Whether the columns of a snapshot are others than those that the source extracts. */
function isDerived({ otherEmails = [], expressions = [] }: SnapshotMatching): boolean {
  return otherEmails.length + expressions.length > 0;
}

/**
 * Turns what a source has extracted into the columns of a snapshot: of several addresses the one that counts, and the values of expressions.
 * Done before the snapshot is sealed, so that every later step reads one address, and values, wherever they come from.
 * @throws ExportError EXPRESSION_INVALID
 */
export async function deriveColumns(extract: Extract, matching: SnapshotMatching): Promise<void> {
  if (!isDerived(matching)) return;
  const { folder, file, memoryLimit, rows, allow, signal } = extract;
  const derived = join(folder, `derived-${file}`);
  const { expressions = [] } = matching;
  await withWorkspace({ folder, memoryLimit, rows, allow, signal }, async (database) => {
    // They come from the input of a step: what is no expression must not become part of a statement.
    for (const { sql, reads } of expressions) await expressionReads(database, sql, reads);
    const from = namedRows(`read_parquet(${quoteText(join(folder, file))})`, matching);
    try {
      const query = await derivedQuery(database, from, matching);
      await database.run(`COPY (${query}) TO ${quoteText(derived)} (${COMPACT_ROWS})`);
    } catch (error) {
      throw await findFailing(database, { from, expressions }, error);
    }
  });
  await rename(derived, join(folder, file));
}

/** A name that no attribute has. */
function raw(column: string): string {
  return quoteName(`extracted ${column}`);
}

/** SQL: the extracted rows, with the attributes that expressions read under their own names. */
function namedRows(from: string, matching: SnapshotMatching): string {
  const source = sourceAttributes(matching);
  const columns = source.map((_, index) => `a${index} AS ${raw(`a${index}`)}`);
  const read = new Set((matching.expressions ?? []).flatMap(({ reads }) => reads));
  const named = [...read].map((name) => `${attributeColumn(source, name)} AS ${quoteName(name)}`);
  const own = [`key AS ${raw('key')}`, `segments AS ${raw('segments')}`];
  return `(SELECT ${[...own, ...columns, ...named].join(', ')} FROM ${from})`;
}

async function derivedQuery(database: Database, from: string, matching: SnapshotMatching): Promise<string> {
  const { email, otherEmails = [], expressions = [] } = matching;
  const source = sourceAttributes(matching);
  const emails = [email, ...otherEmails].map((name) => raw(attributeColumn(source, name)));
  const [, ...others] = extractAttributes(matching);
  const columns = others.map((name, index) => {
    const place = expressions.findIndex(({ sql }) => sql === name);
    return `${raw(place < 0 ? attributeColumn(source, name) : valueOf(place))} AS a${index + 1}`;
  });
  const texts = emails.map((address) => `SELECT ${address} AS text FROM ${from}`).join(' UNION ALL ');
  await createIdn(database, { from: `(${texts})`, text: 'text' });
  const own = [`${raw('key')} AS key`, `${raw('segments')} AS segments`, `${chosen(emails)} AS a0`];
  return `SELECT ${[...own, ...columns].join(', ')} FROM ${withRules(withValues(from, matching), emails)}`;
}

function valueOf(place: number): string {
  return `value ${place}`;
}

/** SQL: the rows with the values of the expressions, and without the names of attributes, which may be those of columns to come. */
function withValues(from: string, matching: SnapshotMatching): string {
  const kept = ['key', 'segments', ...sourceAttributes(matching).map((_, index) => `a${index}`)].map(raw);
  const { expressions = [] } = matching;
  const values = expressions.map(({ sql }, place) => `${expressionText(sql)} AS ${raw(valueOf(place))}`);
  return `(SELECT ${[...kept, ...values].join(', ')} FROM ${from})`;
}

/** SQL: the first address that breaks no rule; where there is none, the first text, so that its rule is the reason. */
function chosen(emails: readonly string[]): string {
  const good = emails.map((address, index) => `WHEN ${ruleOf(index)} IS NULL THEN ${address}`);
  const some = emails.map((address) => `WHEN NOT ${isBlank(address)} THEN ${address}`);
  return `CASE ${[...good, ...some].join(' ')} END`;
}

function ruleOf(index: number): string {
  return raw(`rule ${index}`);
}

function withRules(from: string, emails: readonly string[]): string {
  return emails.reduce(
    (rows, address, index) =>
      `(SELECT * EXCLUDE (stripped, address), ${brokenRule('stripped', 'address')} AS ${ruleOf(index)} FROM ${withAddress(rows, address)})`,
    from,
  );
}
