import { Command } from 'commander';
import { countOf } from '../../text/format';
import { lazy } from '../lazy';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { onlyName } from '../shell/only-name';
import { examples, positiveNumber } from '../shell/options';
import { requireConfig } from '../shell/settings';
import { table } from '../text/table';

export function previewCommand(cli: Cli): Command {
  return new Command('preview')
    .summary('Show the first profiles of a segment')
    .description(
      'Show the first profiles of a segment, with all attributes, as an export would read them. Personal data: it is only printed, and ' +
        'kept nowhere.',
    )
    .argument('<source>', 'name of the source; may be omitted when the configuration file has only one')
    .argument('[segment]', 'id of the segment')
    .option('--limit <n>', 'number of profiles', positiveNumber, 10)
    .addHelpText(
      'after',
      examples('source preview shop big-spenders', 'source preview big-spenders --limit 3'),
    )
    .action(action(cli, preview));
}

async function preview(
  invocation: Invocation,
  ...[first, second, { limit }]: [string, string | undefined, { readonly limit: number }]
): Promise<undefined> {
  const { config, baseFolder } = await requireConfig(invocation.options);
  const name = second === undefined ? onlyName('source', config.sources) : first;
  const segment = second ?? first;
  const { profiles, attributes, rows } = await lazy
    .reading()
    .previewSource(config, { name, baseFolder, segment, limit });
  print(invocation, {
    json: {
      segment,
      profiles,
      rows: rows.map((row) =>
        Object.fromEntries(attributes.map((attribute, index) => [attribute, row[index]])),
      ),
    },
    text: (page) =>
      [
        ...(rows.length > 0 ? [table(attributes, rows, page), ''] : []),
        `${countOf(profiles, 'profile')} in ${segment}${profiles > rows.length ? `; the first ${rows.length} are shown` : ''}.`,
      ].join('\n'),
  });
}
