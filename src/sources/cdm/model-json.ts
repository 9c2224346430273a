import { z } from 'zod';
import type { CdmCsv, CdmModel, CdmTable } from './model';

/** The documents have `false`, Microsoft's own samples also the text "false". */
export const FlagSchema = z.union([
  z.boolean(),
  z
    .string()
    .regex(/^(?:true|false)$/i)
    .transform((text) => text.toLowerCase() === 'true'),
]);

const FormatSchema = z.object({
  $type: z.string().optional(),
  columnHeaders: FlagSchema.default(false),
  delimiter: z.string().min(1).default(','),
  encoding: z.string().min(1).default('UTF-8'),
  quoteStyle: z.string().optional(),
});

const AnnotationSchema = z.object({ name: z.string(), value: z.unknown().optional() });

const EntitySchema = z.object({
  $type: z.string().optional(),
  name: z.string().min(1),
  displayName: z.string().min(1).nullish(),
  annotations: z.array(AnnotationSchema).nullish(),
  attributes: z
    .array(z.object({ name: z.string().min(1), dataType: z.string().default('string') }))
    .nullish(),
  partitions: z
    .array(z.object({ location: z.string().nullish(), fileFormatSettings: FormatSchema.nullish() }))
    .nullish(),
});

const ModelSchema = z
  .object({
    culture: z.string().nullish(),
    entities: z.array(EntitySchema).optional(),
    /** In samples for imports into Customer Insights. */
    tables: z.array(EntitySchema).optional(),
  })
  .refine(({ entities, tables }) => entities ?? tables, { error: 'a list of tables', path: ['entities'] });

/** @throws z.ZodError */
export function parseModelJson(json: unknown): CdmModel {
  const { culture, entities, tables } = ModelSchema.parse(json);
  const local = (entities ?? tables ?? []).filter(({ $type }) => !$type?.endsWith('ReferenceEntity'));
  return { culture: culture ?? undefined, tables: local.map(tableOf) };
}

const PRIMARY_KEY = 'c360:PrimaryKey';

function tableOf(entity: z.infer<typeof EntitySchema>): CdmTable {
  const primaryKey = entity.annotations?.find(({ name }) => name === PRIMARY_KEY)?.value;
  return {
    name: entity.name,
    displayName: entity.displayName ?? undefined,
    columns: (entity.attributes ?? []).map(({ name, dataType }) => ({ name, type: dataType.toLowerCase() })),
    primaryKey: typeof primaryKey === 'string' ? primaryKey : undefined,
    partitions: (entity.partitions ?? []).flatMap(({ location, fileFormatSettings }) =>
      location === null || location === undefined || location === ''
        ? []
        : [{ location, csv: csvOf(fileFormatSettings ?? FormatSchema.parse({})) }],
    ),
  };
}

function csvOf({ $type, columnHeaders, quoteStyle, ...format }: z.infer<typeof FormatSchema>): CdmCsv {
  const csv = { ...format, header: columnHeaders };
  if ($type !== undefined && !$type.endsWith('CsvFormatSettings')) {
    return { ...csv, unreadable: 'are not CSV, which alone is read here' };
  }
  return quoteStyle?.endsWith('None') === true
    ? {
        ...csv,
        unreadable:
          'have values without quotes (QuoteStyle.None), in which a delimiter looks like a part of a value',
      }
    : csv;
}
