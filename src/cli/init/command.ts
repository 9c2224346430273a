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
import { kindOf } from './source-text';
import { exists, writeChecked } from './write-checked';

export function initCommand(cli: Cli): Command {
  return new Command('init')
    .summary('Write a configuration file for your customers')
    .description(
      'Write a commented configuration file for your customers, and check it: for a file, a PostgreSQL database, an export of Customer Insights, or Customer Insights in Dataverse.\n\n' +
        'Reads the header of the file to propose the columns for key, e-mail address and names, and detects delimiter and encoding. ' +
        'In a database it proposes the table of customers, its key, and a table of lists; in a folder it finds the model, in Dataverse the segments. ' +
        'On a terminal it asks for what no option says.',
    )
    .option(
      '--profiles <file>',
      'file with one line per customer: .csv, .tsv, .ndjson, .parquet; with --postgres, --cdm or --dataverse, the table (default: proposed)',
    )
    .option(
      '--postgres <url>',
      'database with your customers: env:VARIABLE or file:PATH with its URL, or postgres://user@host/database',
    )
    .option('--password <reference>', 'where the password of --postgres is: env:VARIABLE or file:PATH')
    .option('--cdm <folder>', 'folder with an export of Customer Insights, or another lake with a model.json')
    .option('--model <path>', 'path of the model below --cdm (default: the only one there)')
    .option('--dataverse <url>', 'environment with Customer Insights: https://contoso.crm.dynamics.com')
    .option('--tenant <id>', 'tenant of --dataverse in Microsoft Entra: its id, or one of its domains')
    .option('--client <id>', 'id of the application that reads --dataverse')
    .option(
      '--secret <reference>',
      'where the secret of --client is: env:VARIABLE or file:PATH (default: env:DATAVERSE_SECRET)',
    )
    .option('--authority <url>', 'where tokens for --dataverse are asked for, for a national cloud')
    .option('--key <column>', 'column with the unique key (default: proposed from the header)')
    .option('--email <column>', 'column with the e-mail address (default: proposed from the header)')
    .option(
      '--table <name=file>',
      'further file that the SQL of segments reads, also beside a database; repeatable',
      collect,
    )
    .option(
      '--segment <id=sql>',
      'segment: one SELECT whose first column is the key; repeatable (default: those that were found, or all customers)',
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
        'init --postgres env:DATABASE_URL',
        'init --cdm /data/customerinsights',
        'init --dataverse https://contoso.crm4.dynamics.com --tenant contoso.onmicrosoft.com \\\n' +
          '      --client 00000000-0000-0000-0000-000000000000 --secret env:DATAVERSE_SECRET',
      ),
    )
    .action(action(cli, run));
}

async function run(invocation: Invocation, options: InitOptions): Promise<undefined> {
  const file = resolve(invocation.options.config ?? DEFAULT_CONFIG_FILE);
  if (existsSync(file) && !options.force) throw exists(file);
  const answers = await answer(invocation, options, dirname(file));
  await writeChecked(file, configText(answers), options.force ?? false);
  const { source, email, fields, audience } = answers;
  const { profiles, key, segments } = source;
  const csv = profiles.kind === 'files' ? profiles.csv : undefined;
  const where = profiles.kind === 'files' ? profiles.path : profiles.table;
  print(invocation, {
    json: {
      path: file,
      kind: kindOf(source),
      profiles: where,
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
            ['Source', kindOf(source)],
            ['Profiles', `${where}${describeCsv(csv)}`],
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
