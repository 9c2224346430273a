import { z } from 'zod';
import { ExportError } from '../../errors';
import { nameColumns } from '../files/column-names';
import { suggest } from '../suggest';
import type { Query, WebApi } from './web-api';

const AttributeSchema = z.object({
  LogicalName: z.string(),
  AttributeType: z.string().nullish(),
  AttributeOf: z.string().nullish(),
  IsValidForRead: z.boolean().nullish(),
});

const DefinitionSchema = z.object({
  EntitySetName: z.string().min(1),
  PrimaryIdAttribute: z.string().nullish(),
  Attributes: z.array(AttributeSchema),
});

/** Types whose columns a query cannot name as they are, or that have no single value. */
const WITHOUT_TEXT = new Set([
  'CalendarRules',
  'Customer',
  'EntityName',
  'Lookup',
  'ManagedProperty',
  'Owner',
  'PartyList',
  'Virtual',
]);

const WITHOUT_VALUE = 'the column is there, but has no text that the Web API would return';

/** Columns that each table has for itself. */
const OF_THE_SYSTEM = new Set([
  'createdon',
  'importsequencenumber',
  'modifiedon',
  'overriddencreatedon',
  'partitionid',
  'timezoneruleversionnumber',
  'ttlinseconds',
  'utcconversiontimezonecode',
  'versionnumber',
]);

/** When the last write of a row was. */
const MODIFIED = 'modifiedon';

/** What the environment says of a table. */
export interface Table {
  /** Logical name. */
  readonly name: string;
  /** For messages: `profiles (msdynci_customerprofile)`. */
  readonly what: string;
  /** Path of its rows. */
  readonly path: string;
  /** Columns that can be read as text. */
  readonly columns: readonly string[];
  /** By name in small letters: why another column cannot be read, as the end of a sentence. */
  readonly unusable: ReadonlyMap<string, string>;
  /** Those that say something about a customer. */
  readonly attributes: readonly string[];
  /** Whether each row has the time of its last change. */
  readonly hasModified: boolean;
}

/** @param named `what`, the logical name, and the key if there is one @throws ExportError SOURCE_UNREADABLE, SOURCE_UNAVAILABLE, SOURCE_MALFORMED */
export async function describeTable(
  api: WebApi,
  { what: part, name, key }: Pick<Table, 'what' | 'name'> & { readonly key?: string },
): Promise<Table> {
  const what = `${part} (${name})`;
  const definition = DefinitionSchema.safeParse(await api.document(definitionOf(what, name)));
  if (!definition.success) {
    throw new ExportError(
      'SOURCE_MALFORMED',
      `${what}: the definition of the table has another form than it should.`,
    );
  }
  const { EntitySetName: path, PrimaryIdAttribute: id, Attributes: definitions } = definition.data;
  const readable = definitions.filter(isReadable).map(({ LogicalName: column }) => column);
  const { usable, unusable } = nameColumns(what, readable);
  const others = definitions.flatMap((one) =>
    isReadable(one) ? [] : [[one.LogicalName.toLowerCase(), WITHOUT_VALUE] as const],
  );
  const columns = [...usable.keys()];
  const attributes = columns.filter(
    (column) => column === key || (column !== id && !OF_THE_SYSTEM.has(column)),
  );
  return {
    name,
    what,
    path,
    columns,
    unusable: new Map([...others, ...unusable]),
    attributes,
    hasModified: readable.includes(MODIFIED),
  };
}

function isReadable({
  AttributeType: type,
  AttributeOf: of,
  IsValidForRead: isValid,
}: z.infer<typeof AttributeSchema>): boolean {
  return isValid !== false && (of ?? null) === null && !WITHOUT_TEXT.has(type ?? '');
}

function definitionOf(what: string, name: string): Query {
  return {
    what,
    path: `EntityDefinitions(LogicalName='${name}')`,
    options: {
      $select: 'EntitySetName,PrimaryIdAttribute',
      $expand: 'Attributes($select=LogicalName,AttributeType,AttributeOf,IsValidForRead)',
    },
  };
}

/** @throws ExportError SOURCE_MALFORMED */
export function requireColumns({ what, columns }: Table, required: readonly string[]): void {
  const missing = required.find((name) => !columns.includes(name));
  if (missing === undefined) return;
  throw new ExportError(
    'SOURCE_MALFORMED',
    `${what}: there is no column "${missing}" that can be read as text. ${suggest(missing, columns)} Correct the configuration.`,
    { details: { column: missing } },
  );
}

/** All rows of a table. */
export function rowsOf({ what, path }: Table, columns: readonly string[], filter: string | undefined): Query {
  const options = { $select: columns.join(','), ...(filter !== undefined && { $filter: filter }) };
  return { what, path, options };
}

/** The time of the newest change of a table's rows; undefined where it has no row. */
export function newestOf({ what, path }: Table): Query {
  return { what, path, options: { $select: MODIFIED, $orderby: `${MODIFIED} desc`, $top: '1' } };
}
