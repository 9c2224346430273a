import { scalar } from './scalar';
import { type SourceAnswer, sourceLines } from './source-text';

export interface Answers {
  readonly source: SourceAnswer;
  readonly email: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly account: string;
  readonly apiKey: string;
  readonly audience: string;
  readonly statusIfNew: string;
  /** Path or URL of the JSON Schema. */
  readonly schema: string;
}

/** The text of a configuration file, with comments. */
export function configText(answers: Answers): string {
  const { account, apiKey, audience, email, statusIfNew, source } = answers;
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
    ...sourceLines(source).map((line) => (line === '' ? '' : `    ${line}`)),
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
    ...source.segments.map(([id]) => `        ${scalar(id)}: null`),
  ];
  return `${lines.join('\n')}\n`;
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
