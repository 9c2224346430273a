import { rm } from 'node:fs/promises';
import type { SignupMatch } from '../../contract/destination';
import { attributeLabel, attributesOf, labelOf, shortLabel } from '../../contract/merge-field';
import type { FieldWarning } from '../../contract/plan';
import type { Database } from '../../duckdb/database';
import { COMPACT_ROWS } from '../../duckdb/parquet';
import { quoteName, quoteText, quoteTexts } from '../../duckdb/quote';
import { hashColumn } from '../store/documents';
import { attributeColumn, extractAttributes, matchedColumn } from './attributes';
import { cutColumn, snapshotProfiles, unfitColumn } from './profiles';
import { evidenceOf } from './signup';
import { DOES_NOT_FIT, type WireMatch } from './wire-values';

/** SQL: the profiles whose values are counted: those that are sent, not duplicates and invalid profiles. */
const COUNTED = '(SELECT * FROM profile ANTI JOIN duplicate USING (n) WHERE rule IS NULL)';

interface WarningsInput {
  readonly email: string;
  readonly fields: readonly WireMatch[];
  readonly latest: string | null;
  readonly addOnlyIf?: string | undefined;
  readonly signup?: SignupMatch | undefined;
}

/** In the order of the fields. */
export async function countWarnings(
  database: Database,
  input: WarningsInput,
): Promise<readonly FieldWarning[]> {
  const { fields } = input;
  const others = await Promise.all(
    othersOf(input).map(async ({ attribute, from, ...warning }) => {
      const { count } = await database.row<{ count: number }>(`SELECT count(*) AS count FROM (${from})`);
      return { attribute: shortLabel(attribute), ...warning, count };
    }),
  );
  return [
    ...(fields.length === 0 ? [] : await countFields(database, fields)),
    ...others.filter(({ count }) => count > 0),
  ];
}

interface OtherWarning extends Pick<FieldWarning, 'field'> {
  readonly kind: 'unread' | 'unclear' | 'omitted';
  readonly attribute: string;
  /** SQL: the numbers of the profiles. */
  readonly from: string;
}

/** Values that feed no field. */
function othersOf({ latest, addOnlyIf, signup, ...matching }: WarningsInput): readonly OtherWarning[] {
  const attributes = extractAttributes({ ...matching, latest, addOnlyIf, signup });
  const evidence = evidenceOf(signup, attributes).map(
    ({ name, attribute }) =>
      ({
        kind: 'omitted',
        attribute,
        field: name,
        from: `SELECT n FROM ${COUNTED} WHERE ${unfitColumn(name)}`,
      }) as const,
  );
  return [
    ...(latest === null
      ? []
      : [
          {
            kind: 'unread',
            attribute: latest,
            field: '',
            from: `SELECT n FROM profile WHERE ${IS_UNREAD}`,
          } as const,
        ]),
    ...(addOnlyIf === undefined
      ? []
      : [
          {
            kind: 'unclear',
            attribute: addOnlyIf,
            field: '',
            from: `SELECT n FROM ${COUNTED} WHERE is_unclear`,
          } as const,
        ]),
    ...evidence,
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
      const { field, decimalCommas = 0 } = match;
      const numbers = {
        cut: row[`cut${index}`] ?? 0,
        omitted: row[`omitted${index}`] ?? 0,
        kept: kept[field.tag] ?? 0,
        decimal_comma: decimalCommas,
      } as const;
      return (['cut', 'omitted', 'kept', 'decimal_comma'] as const).map((kind) => ({
        attribute: attributeLabel(match),
        field: labelOf(field),
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

const IS_UNREAD = 'rule IS NULL AND latest IS NULL AND NOT has_no_latest';

const VALUE_SHOWN = 200;

interface RowsInput extends WarningsInput {
  readonly warnings: readonly FieldWarning[];
  readonly snapshot: string;
  readonly into: string;
}

/**
 * Writes a row for each value that was cut, left out or not read. Field by field, so that no more than one attribute of each profile is read
 * at a time.
 */
export async function writeWarnings(database: Database, input: RowsInput): Promise<void> {
  const { fields, warnings, snapshot, into } = input;
  const attributes = extractAttributes(input);
  const rowsOf = ({ attribute, value, kind, field, from }: Rows): string => `
      SELECT s.key, s.a0 AS email, ${kind} AS kind, ${quoteText(attribute)} AS attribute, ${quoteText(field)} AS field, left(${value}, ${VALUE_SHOWN}) AS value
      FROM (${from}) w JOIN ${snapshotProfiles(snapshot)} s ON s.n = w.n`;
  const ofFields = fields.flatMap((match) => {
    const [attribute, field] = [attributeLabel(match), labelOf(match.field)];
    const value = shownValue(attributes, match);
    const counted = (kind: FieldWarning['kind']): boolean =>
      warnings.some((warning) => warning.field === field && warning.kind === kind);
    const cut = `SELECT n FROM ${COUNTED} WHERE ${quoteName(cutColumn(match))}`;
    const omitted = `
      SELECT p.n, CASE WHEN ${isKept(match)} THEN 'kept' ELSE 'omitted' END AS kind
      FROM (SELECT n FROM ${COUNTED} WHERE ${isOmitted(match)}) p LEFT JOIN seen c USING (n)`;
    return [
      ...(counted('cut') ? [rowsOf({ attribute, value, kind: "'cut'", field, from: cut })] : []),
      ...(counted('omitted') ? [rowsOf({ attribute, value, kind: 'w.kind', field, from: omitted })] : []),
    ];
  });
  const ofOthers = othersOf(input)
    .filter(({ kind, field }) => warnings.some((warning) => warning.kind === kind && warning.field === field))
    .map(({ attribute, kind, field, from }) => {
      const value = `s.${attributeColumn(attributes, attribute)}`;
      return rowsOf({ attribute: shortLabel(attribute), value, kind: quoteText(kind), field, from });
    });
  const pieces: string[] = [];
  for (const rows of [...ofFields, ...ofOthers]) {
    const piece = `${into}.${pieces.length}`;
    await database.run(`COPY (${rows}) TO ${quoteText(piece)} (${COMPACT_ROWS})`);
    pieces.push(piece);
  }
  const all = pieces.length === 0 ? NO_ROWS : `FROM read_parquet(${quoteTexts(pieces)})`;
  await database.run(`COPY (${all}) TO ${quoteText(into)} (${COMPACT_ROWS})`);
  await Promise.all(pieces.map((piece) => rm(piece)));
}

/** SQL: of an address, its parts. */
function shownValue(attributes: readonly string[], match: WireMatch): string {
  if (!match.address) return `s.${matchedColumn(attributes, match)}`;
  const parts = [...new Set(attributesOf(match))].map((name) => `s.${attributeColumn(attributes, name)}`);
  return `concat_ws(', ', ${parts.join(', ')})`;
}

interface Rows {
  readonly attribute: string;
  /** SQL. */
  readonly value: string;
  /** SQL. */
  readonly kind: string;
  readonly field: string;
  /** SQL: the numbers of the profiles. */
  readonly from: string;
}

const NO_ROWS =
  'SELECT NULL::VARCHAR AS key, NULL::VARCHAR AS email, NULL::VARCHAR AS kind, NULL::VARCHAR AS attribute, NULL::VARCHAR AS field, NULL::VARCHAR AS value WHERE false';
