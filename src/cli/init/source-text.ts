import type { InspectedTable } from '../../sources/inspect-table';
import { scalar } from './scalar';

/** A further file that SQL can read. */
export interface TableAnswer {
  readonly name: string;
  /** Relative to the configuration file. */
  readonly path: string;
  readonly csv: InspectedTable['csv'];
}

/** Where a server is, as the settings of a source. */
export type ServerAnswer = Readonly<
  Record<string, string | number | Readonly<Record<string, string | number>>>
>;

interface WithTables {
  readonly tables: readonly TableAnswer[];
}

/** Where the profiles are. */
export type ProfilesAnswer = WithTables &
  (
    | { readonly kind: 'files'; readonly path: string; readonly csv: InspectedTable['csv'] }
    | { readonly kind: 'cdm'; readonly root: string; readonly model?: string; readonly table: string }
    | { readonly kind: 'postgres'; readonly server: ServerAnswer; readonly table: string }
    | { readonly kind: 'dataverse'; readonly environment: ServerAnswer; readonly table: string }
  );

/** A segment: SQL, rows of a table of members, or one that a lake or Dataverse lists, which needs no setting. */
export type SegmentAnswer =
  | { readonly sql: string }
  | { readonly members: Readonly<Record<string, string>> }
  | { readonly output: true };

export interface SourceAnswer {
  readonly profiles: ProfilesAnswer;
  readonly key: string;
  readonly segments: readonly (readonly [string, SegmentAnswer])[];
}

/** Files beside a database, a lake or Dataverse are tables of one source of SQL, and Dataverse alone runs no SQL. */
export function kindOf({ profiles, segments }: Pick<SourceAnswer, 'profiles' | 'segments'>): string {
  if (profiles.kind === 'files') return profiles.kind;
  const isForSql = profiles.kind === 'dataverse' && segments.some(([, segment]) => 'sql' in segment);
  return isForSql || profiles.tables.length > 0 ? 'sql' : profiles.kind;
}

/** The lines of a source, below its name. */
export function sourceLines(answer: SourceAnswer): string[] {
  return [...rowLines(answer), ...segmentLines(answer)];
}

function rowLines({ profiles, key, segments }: SourceAnswer): string[] {
  const unique = `key: ${scalar(key)} # unique for each profile`;
  if (profiles.kind === 'files') {
    return [
      'kind: files',
      'profiles:',
      `  path: ${scalar(profiles.path)}`,
      `  ${unique}`,
      ...csvSettings(profiles.csv).map((settings) => `  ${settings}`),
      ...(profiles.tables.length > 0
        ? ['tables:', ...profiles.tables.map((table) => `  ${table.name}: ${flow(fileSettings(table))}`)]
        : ['# Further files that SQL can read:', '# tables:', '#   orders: { path: orders.csv }']),
    ];
  }
  if (kindOf({ profiles, segments }) === 'sql') return joinedLines(profiles, unique);
  return [
    `kind: ${profiles.kind}`,
    ...pairsOf(placeOf(profiles)),
    'profiles:',
    `  table: ${scalar(profiles.table)}`,
    `  ${unique}`,
  ];
}

/** The name that SQL knows the table of profiles by, beside `profiles`. */
const PROFILES_TABLE = 'customers';

type TablesAnswer = Exclude<ProfilesAnswer, { kind: 'files' }>;

function joinedLines(profiles: TablesAnswer, unique: string): string[] {
  const settings = { kind: profiles.kind, ...placeOf(profiles), table: profiles.table };
  return [
    'kind: sql',
    '# Tables of any kind, by the names that SQL knows them by:',
    'tables:',
    `  ${PROFILES_TABLE}: ${flow(pairsOf(settings))}`,
    ...profiles.tables.map((table) => `  ${table.name}: ${flow(['kind: files', ...fileSettings(table)])}`),
    'profiles:',
    `  table: ${PROFILES_TABLE} # or sql, whose columns are then the attributes`,
    `  ${unique}`,
  ];
}

/** The settings that say where the tables of a source are. */
function placeOf(profiles: TablesAnswer): ServerAnswer {
  switch (profiles.kind) {
    case 'postgres':
      return profiles.server;
    case 'dataverse':
      return profiles.environment;
    default:
      return { root: profiles.root, ...(profiles.model !== undefined && { model: profiles.model }) };
  }
}

function segmentLines({ segments, profiles }: SourceAnswer): string[] {
  const configured = segments.flatMap(([id, segment]) =>
    'output' in segment ? [] : [[id, segment] as const],
  );
  // A lake and Dataverse say by themselves which segments they have.
  if (configured.length === 0)
    return ['# Each segment of Customer Insights is one of this source, by the name of its output table.'];
  const cast = profiles.kind === 'postgres' && profiles.tables.length === 0;
  return [
    'segments:',
    cast
      ? '  # Members of a table, or one SELECT whose first column is the key. PostgreSQL runs it.'
      : '  # Each segment is one SELECT whose first column is the key. All columns are text: cast them to use numbers or dates.',
    ...configured.flatMap(([id, segment]) =>
      'sql' in segment
        ? [`  ${scalar(id)}:`, ...sqlLines(segment.sql).map((line) => `    ${line}`.trimEnd())]
        : [`  ${scalar(id)}: { members: ${flow(pairsOf(segment.members))} }`],
    ),
  ];
}

function sqlLines(sql: string): string[] {
  return ['sql: |-', ...sql.split('\n').map((line) => `  ${line}`)];
}

function fileSettings({ path, csv }: TableAnswer): string[] {
  return [`path: ${scalar(path)}`, ...csvSettings(csv)];
}

/** One setting, or none where the defaults fit. */
function csvSettings(csv: InspectedTable['csv']): string[] {
  const settings = pairsOf({ ...csv });
  return settings.length > 0 ? [`csv: ${flow(settings)}`] : [];
}

function pairsOf(settings: ServerAnswer): string[] {
  return Object.entries(settings).map(([name, value]) =>
    typeof value === 'object' ? `${name}: ${flow(pairsOf(value))}` : `${name}: ${text(value)}`,
  );
}

const text = (value: string | number) => (typeof value === 'number' ? String(value) : scalar(value));
const flow = (settings: readonly string[]) => `{ ${settings.join(', ')} }`;
