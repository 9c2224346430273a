import type { InspectedTable } from '../../sources/inspect-table';

export interface Answers {
  /** Path of the file of profiles, relative to the configuration file. */
  readonly profiles: string;
  readonly csv: InspectedTable['csv'];
  readonly key: string;
  readonly email: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Further tables: name and path. */
  readonly tables: readonly (readonly [string, string])[];
  /** Id and SQL. */
  readonly segments: readonly (readonly [string, string])[];
  readonly account: string;
  readonly apiKey: string;
  readonly audience: string;
  readonly statusIfNew: string;
  /** Path or URL of the JSON Schema. */
  readonly schema: string;
}

/** The text of a configuration file, with comments. */
export function configText(answers: Answers): string {
  const { account, apiKey, audience, profiles, key, email, statusIfNew, tables, segments } = answers;
  const lines = [
    `# yaml-language-server: $schema=${answers.schema}`,
    '',
    'accounts:',
    `  ${scalar(account)}:`,
    '    # By reference, never the key itself: env:VARIABLE or file:PATH.',
    `    apiKey: ${scalar(apiKey)}`,
    '',
    'sources:',
    '  customers:',
    '    kind: files',
    '    profiles:',
    `      path: ${scalar(profiles)}`,
    `      key: ${scalar(key)} # unique for each profile`,
    ...csvLines(answers.csv),
    ...(tables.length > 0
      ? ['    tables:', ...tables.map(([name, path]) => `      ${name}: { path: ${scalar(path)} }`)]
      : ['    # Further files that SQL can read:', '    # tables:', '    #   orders: { path: orders.csv }']),
    '    segments:',
    '      # Each segment is one SELECT whose first column is the key. All columns are text: cast them to use numbers or dates.',
    ...segments.flatMap(([id, sql]) => [`      ${scalar(id)}:`, ...sqlLines(sql)]),
    '',
    'destinations:',
    '  newsletter:',
    '    connect:',
    '      name: Newsletter',
    `      account: ${scalar(account)}`,
    '      # Mailchimp > Audience > Settings > Audience name and defaults; account check lists them.',
    `      audienceId: ${scalar(audience)}`,
    '      source: customers',
    '      # The status of contacts that are new to the audience; others keep theirs. pending: Mailchimp asks each of them to confirm.',
    `      statusIfNew: ${statusIfNew}`,
    '    configure:',
    `      email: ${scalar(email)}`,
    ...fieldLines(answers.fields),
    '      # Segment: name of its tag in the audience. null: the name of the segment.',
    '      segments:',
    ...segments.map(([id]) => `        ${scalar(id)}: null`),
  ];
  return `${lines.join('\n')}\n`;
}

function csvLines(csv: Answers['csv']): string[] {
  const settings = Object.entries(csv ?? {}).map(([name, value]) => `${name}: ${scalar(value)}`);
  return settings.length > 0 ? [`      csv: { ${settings.join(', ')} }`] : [];
}

function sqlLines(sql: string): string[] {
  return ['        sql: |-', ...sql.split('\n').map((line) => `          ${line}`.trimEnd())];
}

function fieldLines(fields: Answers['fields']): string[] {
  const entries = Object.entries(fields);
  if (entries.length === 0) return ['      # Merge field: column', '      # fields: { FNAME: FirstName }'];
  return [
    '      # Merge field: column',
    '      fields:',
    ...entries.map(([tag, column]) => `        ${tag}: ${scalar(column)}`),
  ];
}

const PLAIN = /^[A-Za-z][\w./-]*(?: [\w./-]+)*$|^env:\w+$/;
const RESERVED = /^(?:true|false|yes|no|on|off|null|y|n)$/i;

/** JSON's texts are also YAML's. */
function scalar(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text);
}
