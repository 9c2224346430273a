import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { DEFAULT_CONFIG_FILE } from '../../config/config-file';
import { STATUSES_IF_NEW } from '../../contract/outcome';
import type { InspectedTable } from '../../sources/inspect-table';
import { DEFAULT_AUDIENCE_ID } from '../sandbox/audience';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { collect, examples } from '../shell/options';
import { pairs } from '../text/table';
import { answer, type InitOptions } from './answers';
import { configText } from './config-text';
import { exists, writeChecked } from './write-checked';

export function initCommand(cli: Cli): Command {
  return new Command('init')
    .summary('Write a configuration file for a file of customers')
    .description(
      'Write a commented configuration file for a file of customers, and check it.\n\n' +
        'Reads the header of the file to propose the columns for key, e-mail address and names, and detects delimiter and encoding. ' +
        'On a terminal it asks for what no option says.',
    )
    .option('--profiles <file>', 'file with one line per customer: .csv, .tsv, .ndjson, .parquet')
    .option('--key <column>', 'column with the unique key (default: proposed from the header)')
    .option('--email <column>', 'column with the e-mail address (default: proposed from the header)')
    .option('--table <name=file>', 'further file that the SQL of segments reads; repeatable', collect)
    .option(
      '--segment <id=sql>',
      'segment: one SELECT whose first column is the key; repeatable (default: all customers)',
      collect,
    )
    .option('--account <name>', 'name of the Mailchimp account in the file', 'main')
    .option(
      '--api-key <reference>',
      'where the API key is: env:VARIABLE or file:PATH',
      'env:MAILCHIMP_API_KEY',
    )
    .option('--audience <id>', `audience id (default: ${DEFAULT_AUDIENCE_ID}, which dev and sandbox have)`)
    .addOption(
      new Option('--status-if-new <status>', 'status of contacts that are new to the audience')
        .choices(STATUSES_IF_NEW)
        .default('subscribed'),
    )
    .option('--force', 'overwrite an existing file')
    .addHelpText(
      'after',
      examples(
        'init',
        'init --profiles customers.csv',
        'init --profiles customers.csv --key CustomerId --email Email --table orders=orders.csv \\\n' +
          '      --segment "buyers=SELECT CustomerId FROM orders" --account main --audience 1a2b3c4d5e',
      ),
    )
    .action(action(cli, run));
}

async function run(invocation: Invocation, options: InitOptions): Promise<undefined> {
  const file = resolve(invocation.options.config ?? DEFAULT_CONFIG_FILE);
  if (existsSync(file) && !options.force) throw exists(file);
  const answers = await answer(invocation, options, dirname(file));
  await writeChecked(file, configText(answers), options.force ?? false);
  const { profiles, key, email, fields, segments, audience, csv } = answers;
  print(invocation, {
    json: {
      path: file,
      profiles,
      key,
      email,
      fields,
      segments: segments.map(([id]) => id),
      audience,
      csv: csv ?? null,
    },
    text: (page) =>
      [
        `Wrote ${file}.`,
        '',
        pairs(
          [
            ['Profiles', `${profiles}${describeCsv(csv)}`],
            ['Key', key],
            ['E-mail', email],
            [
              'Fields',
              Object.entries(fields)
                .map((field) => field.join(': '))
                .join(', ') || 'none',
            ],
            ['Segments', segments.map(([id]) => id).join(', ')],
            ['Audience', audience],
          ],
          page,
        ),
        '',
        'Next: temporal-mailchimp dev (everything on this machine, with a Mailchimp sandbox), or set the key and run',
        'temporal-mailchimp account check and temporal-mailchimp worker.',
      ].join('\n'),
  });
}

function describeCsv(csv: InspectedTable['csv']): string {
  const settings = Object.entries(csv ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return settings.length > 0 ? ` (${settings.join(', ')})` : '';
}
