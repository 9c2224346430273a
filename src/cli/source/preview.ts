import { Command } from 'commander';
import stringWidth from 'string-width';
import type { Config } from '../../config/config';
import { configuredSegments } from '../../config/source-config';
import { ExportError } from '../../errors';
import { countOf } from '../../text/format';
import { lazy } from '../lazy';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { onlyName } from '../shell/only-name';
import { examples, positiveNumber } from '../shell/options';
import { requireConfig } from '../shell/settings';
import { PLAIN_PAGE, type Page } from '../text/page';
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

function hasNoRoom(complete: string, { columns }: Page): boolean {
  return complete.split('\n').some((line) => stringWidth(line) > (columns ?? Infinity));
}

/** A word that is alone is a segment of the only source, or a source whose segment is missing. @throws ExportError SOURCE_NOT_FOUND, INPUT_INVALID */
function alone({ sources }: Config, word: string): { readonly name: string; readonly segment: string } {
  const names = Object.keys(sources);
  const segments = Object.values(sources).flatMap((source) => configuredSegments(source) ?? []);
  const isNear = (known: readonly string[]) => lazy.reading().nearest(word, known) !== undefined;
  const usage = 'A segment comes after the source: temporal-mailchimp source preview <source> <segment>';
  if (names.includes(word) && !segments.includes(word)) {
    throw new ExportError(
      'INPUT_INVALID',
      `"${word}" is a source. ${usage}. Its segments: temporal-mailchimp source segments ${word}`,
    );
  }
  if (!isNear(segments) && isNear(names)) {
    throw new ExportError(
      'SOURCE_NOT_FOUND',
      `The configuration has no source and no segment "${word}". ${lazy.reading().suggest(word, names)} ${usage}`,
    );
  }
  return { name: onlyName('source', sources), segment: word };
}

async function preview(
  invocation: Invocation,
  ...[first, second, { limit }]: [string, string | undefined, { readonly limit: number }]
): Promise<undefined> {
  const { config, baseFolder } = await requireConfig(invocation.options);
  const { name, segment } = second === undefined ? alone(config, first) : { name: first, segment: second };
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
        ...(hasNoRoom(table(attributes, rows, PLAIN_PAGE), page)
          ? ['Columns are cut or left out, as the terminal is narrow. --json prints all.']
          : []),
        `${countOf(profiles, 'profile')} in ${segment}${profiles > rows.length ? `; the first ${rows.length} are shown` : ''}.`,
      ].join('\n'),
  });
}
