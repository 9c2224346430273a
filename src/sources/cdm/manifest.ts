import { z } from 'zod';
import type { CdmColumn, CdmCsv, CdmModel, CdmPartition, CdmTable } from './model';
import { FlagSchema } from './model-json';

const ArgumentSchema = z.union([z.string(), z.object({ name: z.string(), value: z.unknown().optional() })]);
const TraitSchema = z.union([
  z.string(),
  z.object({ traitReference: z.unknown().optional(), arguments: z.array(ArgumentSchema).optional() }),
]);

const EntitySchema = z.object({
  type: z.string().optional(),
  entityName: z.string().min(1),
  entityPath: z.string().min(1),
  dataPartitions: z
    .array(z.object({ location: z.string().nullish(), exhibitsTraits: z.array(TraitSchema).optional() }))
    .optional(),
  dataPartitionPatterns: z.array(z.unknown()).optional(),
});

const ManifestSchema = z.object({ entities: z.array(EntitySchema).default([]) });

const TypeSchema = z.union([z.string(), z.object({ dataTypeReference: z.string() })]);
const AttributeSchema = z.object({
  name: z.string().min(1).optional(),
  dataFormat: z.string().optional(),
  dataType: TypeSchema.optional(),
  attributeGroupReference: z.unknown().optional(),
});
const GroupSchema = z.object({ members: z.array(z.unknown()) });

const DefinitionSchema = z.object({
  entityName: z.string(),
  displayName: z.string().min(1).optional(),
  extendsEntity: z.unknown().optional(),
  hasAttributes: z.array(z.unknown()).default([]),
});
const DocumentSchema = z.object({
  definitions: z.array(z.looseObject({ entityName: z.string().optional() })),
});

/**
 * Reads a manifest with the documents of its tables. Only what is spelled out in them counts, as in the resolved form in which programs
 * write them: no imports, no entities that others extend, no patterns of partitions, no manifests below.
 *
 * @param read a file, by its path from the folder of the manifest
 * @throws z.ZodError, ExportError SOURCE_UNREADABLE, SOURCE_MALFORMED
 */
export async function parseManifest(
  json: unknown,
  read: (path: string) => Promise<unknown>,
): Promise<CdmModel> {
  const tables: CdmTable[] = [];
  for (const entity of ManifestSchema.parse(json).entities) {
    if (!entity.type?.endsWith('ReferenceEntity')) tables.push(await readTable(entity, read));
  }
  return { culture: undefined, tables };
}

/** A table that cannot be read stops only what needs it. */
class UnreadableTable extends Error {}

async function readTable(
  entity: z.infer<typeof EntitySchema>,
  read: (path: string) => Promise<unknown>,
): Promise<CdmTable> {
  const table = { name: entity.entityName, displayName: undefined, primaryKey: undefined };
  try {
    return { ...table, ...(await readEntity(entity.entityPath, read)), partitions: partitionsOf(entity) };
  } catch (error) {
    if (!(error instanceof UnreadableTable)) throw error;
    return { ...table, columns: [], partitions: [], unreadable: error.message };
  }
}

function partitionsOf({
  dataPartitions = [],
  dataPartitionPatterns = [],
}: z.infer<typeof EntitySchema>): CdmPartition[] {
  if (dataPartitions.length === 0 && dataPartitionPatterns.length > 0) {
    throw new UnreadableTable(
      'its partitions are given by a pattern, which is not read. List them as dataPartitions',
    );
  }
  return dataPartitions.flatMap(({ location, exhibitsTraits = [] }) =>
    location === null || location === undefined || location === ''
      ? []
      : [{ location, csv: csvOf(exhibitsTraits) }],
  );
}

/** @param path such as `Customer.cdm.json/Customer` */
async function readEntity(
  path: string,
  read: (path: string) => Promise<unknown>,
): Promise<Pick<CdmTable, 'columns' | 'displayName'>> {
  const cut = path.lastIndexOf('/');
  const [file, name] = [path.slice(0, cut), path.slice(cut + 1)];
  const { definitions } = DocumentSchema.parse(await read(file));
  const found = definitions.find(({ entityName }) => entityName === name);
  if (!found) throw new UnreadableTable(`${file} does not define it`);
  const { displayName, extendsEntity, hasAttributes } = DefinitionSchema.parse(found);
  if (extendsEntity !== undefined && extendsEntity !== 'CdmEntity') {
    throw new UnreadableTable(
      'it extends another entity, whose columns are not read. Write it in its resolved form',
    );
  }
  return { columns: hasAttributes.flatMap(columnsOf), displayName };
}

function columnsOf(value: unknown): CdmColumn[] {
  const attribute = AttributeSchema.safeParse(value);
  if (!attribute.success) throw new UnreadableTable('it has an attribute that is not spelled out');
  const { name, dataFormat, dataType, attributeGroupReference } = attribute.data;
  if (attributeGroupReference !== undefined) {
    const group = GroupSchema.safeParse(attributeGroupReference);
    if (!group.success)
      throw new UnreadableTable('it refers to a group of attributes that is not spelled out');
    return group.data.members.flatMap(columnsOf);
  }
  if (name === undefined) throw new UnreadableTable('it has an attribute without a name');
  const type = dataFormat ?? (typeof dataType === 'object' ? dataType.dataTypeReference : dataType);
  return [{ name, type: (type ?? 'string').toLowerCase() }];
}

const CSV_TRAIT = 'is.partition.format.csv';

function csvOf(traits: readonly z.infer<typeof TraitSchema>[]): CdmCsv {
  let csv: CdmCsv = { header: false, delimiter: ',', encoding: 'UTF-8' };
  for (const trait of traits) {
    const name = String(typeof trait === 'string' ? trait : trait.traitReference).toLowerCase();
    if (name.startsWith('is.partition.format.') && name !== CSV_TRAIT)
      csv = { ...csv, unreadable: 'are not CSV, which alone is read here' };
    if (typeof trait === 'string' || name !== CSV_TRAIT) continue;
    for (const argument of trait.arguments ?? []) {
      if (typeof argument === 'string') continue;
      if (argument.name === 'columnHeaders') csv = { ...csv, header: FlagSchema.parse(argument.value) };
      if (argument.name === 'delimiter') csv = { ...csv, delimiter: String(argument.value) };
      if (argument.name === 'encoding') csv = { ...csv, encoding: String(argument.value) };
    }
  }
  return csv;
}
