import { rm } from 'node:fs/promises';
import type { FieldWarning } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import { quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import { hashColumn } from '../store/documents';
import { attributeColumn, extractAttributes } from './attributes';
import { cutColumn, snapshotProfiles } from './profiles';
import { DOES_NOT_FIT, type WireMatch } from './wire-values';

/** SQL: the profiles whose values are counted: those that are sent, not duplicates and invalid profiles. */
const COUNTED = '(SELECT * FROM profile ANTI JOIN duplicate USING (n) WHERE rule IS NULL)';

interface WarningsInput {
  readonly fields: readonly WireMatch[];
  readonly latest: string | null;
}

/** In the order of the fields. */
export async function countWarnings(
  database: Database,
  { fields, latest }: WarningsInput,
): Promise<readonly FieldWarning[]> {
  const unread = latest === null ? 0 : await countUnread(database);
  return [
    ...(fields.length === 0 ? [] : await countFields(database, fields)),
    ...(unread > 0 ? [{ attribute: latest ?? '', field: '', kind: 'unread' as const, count: unread }] : []),
  ];
}

async function countFields(
  database: Database,
  fields: readonly WireMatch[],
): Promise<readonly FieldWarning[]> {
  const counts = fields.map(
    (match, index) =>
      `count(*) FILTER (${quoteName(cutColumn(match))}) AS cut${index}, count(*) FILTER (${isOmitted(match)}) AS omitted${index}`,
  );
  const row = await database.row<Record<string, number>>(`SELECT ${counts.join(', ')} FROM ${COUNTED}`);
  const omitted = fields.filter((_, index) => (row[`omitted${index}`] ?? 0) > 0);
  const kept = omitted.length > 0 ? await countKept(database, omitted) : {};
  return fields
    .flatMap((match, index) => {
      const { attribute, field, decimalCommas = 0 } = match;
      const numbers = {
        cut: row[`cut${index}`] ?? 0,
        omitted: row[`omitted${index}`] ?? 0,
        kept: kept[field.tag] ?? 0,
        decimal_comma: decimalCommas,
      } as const;
      return (['cut', 'omitted', 'kept', 'decimal_comma'] as const).map((kind) => ({
        attribute,
        field: field.tag,
        kind,
        count: numbers[kind],
      }));
    })
    .filter(({ count }) => count > 0);
}

function isOmitted(match: WireMatch): string {
  return `${quoteName(hashColumn(match))} = ${DOES_NOT_FIT}`;
}

/** SQL: whether Mailchimp keeps an earlier value for one that does not fit, `c` being the row of `seen`. */
function isKept(match: WireMatch): string {
  return `coalesce(c.${quoteName(hashColumn(match))} <> ${DOES_NOT_FIT}, false)`;
}

/** By the tag of the field. */
async function countKept(
  database: Database,
  fields: readonly WireMatch[],
): Promise<Readonly<Record<string, number>>> {
  const counts = fields.map(
    (match) =>
      `count(*) FILTER (p.${isOmitted(match)} AND ${isKept(match)}) AS ${quoteName(match.field.tag)}`,
  );
  return database.row<Record<string, number>>(`
    SELECT ${counts.join(', ')}
    FROM (SELECT * FROM profile WHERE ${fields.map(isOmitted).join(' OR ')}) p JOIN seen c USING (n)`);
}

async function countUnread(database: Database): Promise<number> {
  const { count } = await database.row<{ count: number }>(
    `SELECT count(*) AS count FROM profile WHERE ${IS_UNREAD}`,
  );
  return count;
}

const IS_UNREAD = 'rule IS NULL AND latest IS NULL AND NOT has_no_latest';

const VALUE_SHOWN = 200;

interface RowsInput extends WarningsInput {
  readonly warnings: readonly FieldWarning[];
  readonly snapshot: string;
  readonly email: string;
  readonly into: string;
}

/**
 * Writes a row for each value that was cut, left out or not read. Field by field, so that no more than one attribute of each profile is read
 * at a time.
 */
export async function writeWarnings(database: Database, input: RowsInput): Promise<void> {
  const { email, fields, latest, warnings, snapshot, into } = input;
  const attributes = extractAttributes({ email, fields, latest });
  const rowsOf = (attribute: string, { kind, field, from }: Rows): string => {
    const value = attributeColumn(attributes, attribute);
    return `
      SELECT s.key, s.a0 AS email, ${kind} AS kind, ${quoteText(attribute)} AS attribute, ${quoteText(field)} AS field, left(s.${value}, ${VALUE_SHOWN}) AS value
      FROM (${from}) w JOIN ${snapshotProfiles(snapshot)} s ON s.n = w.n`;
  };
  const ofFields = fields.flatMap((match) => {
    const { attribute, field } = match;
    const counted = (kind: FieldWarning['kind']): boolean =>
      warnings.some((warning) => warning.field === field.tag && warning.kind === kind);
    const cut = `SELECT n FROM ${COUNTED} WHERE ${quoteName(cutColumn(match))}`;
    const omitted = `
      SELECT p.n, CASE WHEN ${isKept(match)} THEN 'kept' ELSE 'omitted' END AS kind
      FROM (SELECT n FROM ${COUNTED} WHERE ${isOmitted(match)}) p LEFT JOIN seen c USING (n)`;
    return [
      ...(counted('cut') ? [rowsOf(attribute, { kind: "'cut'", field: field.tag, from: cut })] : []),
      ...(counted('omitted') ? [rowsOf(attribute, { kind: 'w.kind', field: field.tag, from: omitted })] : []),
    ];
  });
  const unread = `SELECT n FROM profile WHERE ${IS_UNREAD}`;
  const ofLatest =
    latest !== null && warnings.some(({ kind }) => kind === 'unread')
      ? [rowsOf(latest, { kind: "'unread'", field: '', from: unread })]
      : [];
  const pieces: string[] = [];
  for (const rows of [...ofFields, ...ofLatest]) {
    const piece = `${into}.${pieces.length}`;
    await database.run(`COPY (${rows}) TO ${quoteText(piece)} (${COMPACT_ROWS})`);
    pieces.push(piece);
  }
  const all = pieces.length === 0 ? NO_ROWS : `FROM read_parquet(${quoteTexts(pieces)})`;
  await database.run(`COPY (${all}) TO ${quoteText(into)} (${COMPACT_ROWS})`);
  await Promise.all(pieces.map((piece) => rm(piece)));
}

interface Rows {
  /** SQL. */
  readonly kind: string;
  readonly field: string;
  /** SQL: the numbers of the profiles. */
  readonly from: string;
}

const NO_ROWS =
  'SELECT NULL::VARCHAR AS key, NULL::VARCHAR AS email, NULL::VARCHAR AS kind, NULL::VARCHAR AS attribute, NULL::VARCHAR AS field, NULL::VARCHAR AS value WHERE false';
