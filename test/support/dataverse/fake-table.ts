import { parseOData } from '@shko.online/dataverse-odata';

type Value = string | number | boolean | null;
type Row = Readonly<Record<string, Value>>;

/** A table of the fake, with what its documents say of a table of Customer Insights. */
export interface FakeTable {
  /** Logical name. */
  readonly name: string;
  /** Name of its entity set. */
  readonly set: string;
  /** Its own columns. */
  readonly columns: readonly string[];
  readonly count: number;
  /** By position. */
  readonly row: (index: number) => Row;
  /** When all of its rows were last changed, in ISO. Undefined: the table has no such column. */
  readonly modified: string | undefined;
}

export interface FakeTableInput extends Pick<FakeTable, 'name' | 'columns'> {
  readonly rows?: readonly (readonly Value[])[];
  /** In place of `rows`, for many. */
  readonly count?: number;
  readonly row?: (index: number) => Row;
  /** @default long ago; null: the table has no column modifiedon */
  readonly modified?: string | null;
}

const LONG_AGO = '2026-01-05T02:14:31Z';

export function fakeTable({
  name,
  columns,
  rows = [],
  modified = LONG_AGO,
  ...many
}: FakeTableInput): FakeTable {
  const ofRows = (index: number) =>
    Object.fromEntries(columns.map((column, place) => [column, rows[index]?.[place] ?? null]));
  return {
    name,
    set: `${name}s`,
    columns,
    count: many.count ?? rows.length,
    row: many.row ?? ofRows,
    modified: modified ?? undefined,
  };
}

/** What the Web API answers to a query that it does not take. */
export class QueryError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface FakePage {
  readonly value: readonly Row[];
  /** Position of the first row of the next page. */
  readonly next: number | undefined;
}

/** Of the options that Dataverse has, those that its parser knows, and paging. */
const OPTIONS = new Set(['$select', '$filter', '$orderby', '$top', '$skiptoken']);

export function answerQuery(
  table: FakeTable,
  search: string,
  { from, size }: { readonly from: number; readonly size: number },
): FakePage {
  const query = parse(search, OPTIONS);
  const select = query.$select ?? [...table.columns];
  for (const column of select) requireColumn(table, column);
  for (const { column } of query.$orderby ?? []) {
    if (column !== 'modifiedon')
      throw new QueryError(400, '0x80060888', `the fake has no order by ${column}`);
    requireColumn(table, column);
  }
  const matches = filterOf(table, new URLSearchParams(search).get('$filter'));
  const limit = query.$top ?? size;
  const value: Row[] = [];
  let index = from;
  for (; index < table.count && value.length < limit; index += 1) {
    const row = table.row(index);
    if (!matches(row)) continue;
    value.push({ '@odata.etag': `W/"${index}"`, ...selected(table, row, select), ...idOf(table, index) });
  }
  const isLast = query.$top !== undefined || index >= table.count;
  return { value, next: isLast ? undefined : index };
}

/** What `EntityDefinitions(LogicalName='…')` answers. */
export function defineTable(table: FakeTable, search: string) {
  const query = parse(search, new Set(['$select', '$expand']));
  const wanted = query.$expand?.['Attributes']?.$select ?? [];
  const attributes = [
    ...table.columns.map((name) => attribute(name, 'String')),
    attribute(`${table.name}id`, 'Uniqueidentifier'),
    attribute('createdon', 'DateTime'),
    ...(table.modified === undefined ? [] : [attribute('modifiedon', 'DateTime')]),
    attribute('versionnumber', 'BigInt'),
    attribute('partitionid', 'String'),
    attribute('ownerid', 'Owner'),
    attribute('owneridname', 'String', 'ownerid'),
    attribute('owneridtype', 'EntityName'),
  ];
  const all = {
    EntitySetName: table.set,
    LogicalName: table.name,
    PrimaryIdAttribute: `${table.name}id`,
    TableType: 'Elastic',
  };
  return {
    ...Object.fromEntries(Object.entries(all).filter(([name]) => query.$select?.includes(name))),
    Attributes: attributes.map((one) =>
      Object.fromEntries(Object.entries(one).filter(([name]) => wanted.includes(name))),
    ),
  };
}

function parse(search: string, known: ReadonlySet<string>) {
  for (const name of new URLSearchParams(search).keys()) {
    if (!known.has(name))
      throw new QueryError(400, '0x80060888', `The query parameter ${name} is not supported.`);
  }
  const query = parseOData(search);
  if (query.error) throw new QueryError(400, query.error.code, query.error.message);
  return query;
}

function attribute(name: string, type: string, of: string | null = null) {
  return { LogicalName: name, AttributeType: type, AttributeOf: of, IsValidForRead: true };
}

/** Columns that each table has for itself, and that a query can name. */
function ofTheSystem({ name, modified }: Pick<FakeTable, 'name' | 'modified'>): Row {
  return {
    [`${name}id`]: null,
    createdon: LONG_AGO,
    ...(modified !== undefined && { modifiedon: modified }),
    versionnumber: 1_048_577,
    partitionid: null,
  };
}

function requireColumn(table: FakeTable, column: string): void {
  const { name, columns } = table;
  if (columns.includes(column) || Object.hasOwn(ofTheSystem(table), column)) return;
  throw new QueryError(
    400,
    '0x80060888',
    `Could not find a property named '${column}' on type 'Microsoft.Dynamics.CRM.${name}'.`,
  );
}

function selected(table: FakeTable, row: Row, select: readonly string[]): Row {
  const all: Row = { ...ofTheSystem(table), ...row };
  return Object.fromEntries(select.map((column) => [column, all[column] ?? null]));
}

/** A reply always has the primary key. */
function idOf({ name }: FakeTable, index: number): Row {
  return { [`${name}id`]: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}` };
}

function filterOf(table: FakeTable, filter: string | null): (row: Row) => boolean {
  if (filter === null) return () => true;
  const [, column = '', text = ''] = /^(\w+) eq '((?:[^']|'')*)'$/.exec(filter) ?? [];
  requireColumn(table, column);
  return (row) => row[column] === text.replaceAll("''", "'");
}
