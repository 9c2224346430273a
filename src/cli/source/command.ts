import { Command } from 'commander';
import type { SegmentSource, SourceCheck } from '../../ports/source';
import { ExportError, RepeatedKeys } from '../../errors';
import { lazy } from '../lazy';
import { action, print, type Cli, type Invocation } from '../shell/invocation';
import { EXIT_REFUSED } from '../shell/failure';
import { onlyName } from '../shell/only-name';
import { examples } from '../shell/options';
import { requireConfig } from '../shell/settings';
import { describeUnmatched } from '../../text/describe-unmatched';
import { adviseUnreadable } from '../../text/unreadable-lines';
import { count, countOf } from '../../text/format';
import type { Page } from '../text/page';
import { printable } from '../text/printable';
import { table } from '../text/table';
import { tonedWarnings } from '../text/tones';
import { previewCommand } from './preview';

export function sourceCommand(cli: Cli): Command {
  return new Command('source')
    .description('Inspect a source of profiles and segments; reads it on this machine, sends nothing')
    .addCommand(
      sourceSubcommand('segments', 'List the segments of a source').action(action(cli, showSegments)),
    )
    .addCommand(
      sourceSubcommand('attributes', 'List the attributes of a source').action(action(cli, showAttributes)),
    )
    .addCommand(
      sourceSubcommand(
        'check',
        'Read a source completely and count its profiles, segment members and unreadable lines; exit code 1 when it cannot be exported',
      ).action(action(cli, check)),
    )
    .addCommand(previewCommand(cli));
}

function sourceSubcommand(verb: string, description: string): Command {
  return new Command(verb)
    .description(description)
    .argument('[source]', 'name of the source; optional when the configuration file has only one')
    .addHelpText('after', examples(`source ${verb}`, `source ${verb} crm --json`));
}

async function showSegments(invocation: Invocation, name: string | undefined): Promise<undefined> {
  const { segments } = await withSource(invocation, name, (source) => source.describe());
  print(invocation, {
    json: { segments },
    text: (page) =>
      table(
        ['SEGMENT', 'NAME'],
        segments.map(({ id, name: title }) => [id, title]),
        page,
      ),
  });
}

async function showAttributes(invocation: Invocation, name: string | undefined): Promise<undefined> {
  const { attributes } = await withSource(invocation, name, (source) => source.describe());
  print(invocation, { json: { attributes }, text: () => attributes.map(printable).join('\n') });
}

async function check(invocation: Invocation, name: string | undefined): Promise<number | undefined> {
  const checked = await withSource(invocation, name, (source) => source.check()).catch((error: unknown) =>
    throwWithKeys(invocation, error),
  );
  print(invocation, { json: checked, text: (page) => describeCheck(checked, page) });
  const problem = describeProblem(checked);
  if (problem === undefined) return undefined;
  if (!invocation.options.json) invocation.terminal.err(problem);
  return EXIT_REFUSED;
}

/** Keys may be personal, so the error does not contain them; this command runs where the files are. */
function throwWithKeys({ terminal }: Invocation, error: unknown): never {
  if (error instanceof ExportError && error.cause instanceof RepeatedKeys) {
    const rows = error.cause.keys.map(({ key, rows }) => [key, count(rows)]);
    terminal.err(`${table(['KEY IN SEVERAL ROWS', 'ROWS'], rows, terminal.page('err'))}\n`);
    // The error of an export names this command.
    throw new ExportError(error.code, error.cause.message, { details: error.details, cause: error });
  }
  throw error;
}

function describeProblem({ profiles, unreadable }: SourceCheck): string | undefined {
  if (unreadable.length > 0) {
    return (
      'SOURCE_MALFORMED: The source has unreadable lines, so an export fails before it sends anything. Fix the files, or export with ' +
      `--allow-unreadable-lines (no tags are removed then).${adviseUnreadable(unreadable)}`
    );
  }
  return profiles === 0
    ? 'SOURCE_EMPTY: The source has no profiles, so an export fails. Check its files or tables.'
    : undefined;
}

function describeCheck(checked: SourceCheck, page: Page): string {
  const { profiles, attributes, segments, members, unreadable } = checked;
  const nameOf = (segment: string) => segments.find(({ id }) => id === segment)?.name ?? segment;
  const lines = unreadable.flatMap(({ file, lines, first }) =>
    first
      .map(({ line, fault }) => [file, count(line), fault])
      .concat(lines > first.length ? [[file, '', `and ${count(lines - first.length)} more`]] : []),
  );
  // Without any profile, all are empty, and an error says so.
  const emptySegments = members
    .filter((member) => profiles > 0 && member.profiles === 0)
    .map(({ segment }) => `Warning: no profile is in the segment "${segment}".`);
  const unmatched = describeUnmatched(members);
  const warnings = [...emptySegments, ...(unmatched === '' ? [] : [`Warning: ${unmatched}`])];
  return [
    `${countOf(profiles, 'profile')} with ${countOf(attributes.length, 'attribute')}`,
    table(
      ['SEGMENT', 'NAME', 'PROFILES'],
      members.map(({ segment, profiles }) => [segment, nameOf(segment), count(profiles)]),
      page,
    ),
    ...(warnings.length > 0 ? [tonedWarnings(page, warnings.join('\n'))] : []),
    ...(lines.length > 0 ? [table(['FILE', 'LINE', 'FAULT'], lines, page)] : []),
  ].join('\n\n');
}

async function withSource<Result>(
  { options }: Invocation,
  sourceName: string | undefined,
  work: (source: SegmentSource) => Promise<Result>,
): Promise<Result> {
  const { config, baseFolder } = await requireConfig(options);
  const name = sourceName ?? onlyName('source', config.sources);
  return lazy.reading().withSource(config, { name, baseFolder }, work);
}
